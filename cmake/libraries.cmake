# The libraries from outside. Each is linked by the one room that may include its header (tests/check holds it to that).
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL 3.0 REQUIRED)
pkg_check_modules(H2O REQUIRED IMPORTED_TARGET libh2o-evloop)
pkg_check_modules(YAJL REQUIRED IMPORTED_TARGET yajl)
pkg_check_modules(PQ REQUIRED IMPORTED_TARGET libpq)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)
pkg_check_modules(YAML REQUIRED IMPORTED_TARGET yaml-0.1)
pkg_check_modules(JWT REQUIRED IMPORTED_TARGET libjwt)
find_path(CRYPT_INCLUDE_DIR crypt.h REQUIRED)
find_library(CRYPT_LIBRARY crypt REQUIRED)
find_path(JQ_INCLUDE_DIR jq.h REQUIRED)
find_library(JQ_LIBRARY jq REQUIRED)

# libh2o's pkg-config file does not say which event loop it was built for; without this its headers ask for libuv.
target_compile_definitions(PkgConfig::H2O INTERFACE H2O_USE_EPOLL=1)
add_library(crypt::crypt INTERFACE IMPORTED)
target_include_directories(crypt::crypt INTERFACE ${CRYPT_INCLUDE_DIR})
target_link_libraries(crypt::crypt INTERFACE ${CRYPT_LIBRARY})
add_library(jq::jq INTERFACE IMPORTED)
target_include_directories(jq::jq INTERFACE ${JQ_INCLUDE_DIR})
target_link_libraries(jq::jq INTERFACE ${JQ_LIBRARY} m) # jq 1.6 calls libm without saying so
