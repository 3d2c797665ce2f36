add_compile_definitions(_GNU_SOURCE)
add_compile_options(-Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wswitch-enum -Wvla -Wformat=2
  -Wno-format-truncation # a message that is too long is cut, on purpose
  -fno-omit-frame-pointer)
if(HYDRANT_WERROR)
  add_compile_options(-Werror)
endif()
# assert() stays on in release: it guards what can't happen
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELEASE "${CMAKE_C_FLAGS_RELEASE}")
string(REPLACE "-DNDEBUG" "" CMAKE_C_FLAGS_RELWITHDEBINFO "${CMAKE_C_FLAGS_RELWITHDEBINFO}")

set(CMAKE_POSITION_INDEPENDENT_CODE ON)
# Our names stay ours: else base/json.h's json_string would take the place of libjansson's inside libjwt.
set(CMAKE_C_VISIBILITY_PRESET hidden)
if(HYDRANT_SANITIZE)
  add_compile_options(-fsanitize=address,undefined -fno-sanitize-recover=undefined)
  add_link_options(-fsanitize=address,undefined)
  add_compile_definitions(ARENA_BY_MALLOC)
elseif(HYDRANT_TSAN)
  add_compile_options(-fsanitize=thread)
  add_link_options(-fsanitize=thread)
else()
  add_compile_options(-D_FORTIFY_SOURCE=2 -fstack-protector-strong -fstack-clash-protection -fcf-protection
    -ftrivial-auto-var-init=zero)
  add_link_options(-pie -Wl,-z,relro,-z,now,-z,noexecstack)
endif()
if(HYDRANT_FUZZ)
  add_compile_options(-fsanitize=fuzzer-no-link)
endif()
if(HYDRANT_COVERAGE)
  add_compile_options(--coverage)
  add_link_options(--coverage)
endif()
