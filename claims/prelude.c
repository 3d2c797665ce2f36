#include "claims/prelude.h"

/* clang-format off */
#define GONE(name, head) "def " head ": " name "_is_not_available;\n"

const char prelude[] =
    /* What reaches beyond the session. */
    GONE("env", "env")
    GONE("input", "input")
    GONE("inputs", "inputs")
    GONE("debug", "debug")
    GONE("debug", "debug(f)")
    GONE("stderr", "stderr")
    GONE("halt", "halt")
    GONE("halt_error", "halt_error")
    GONE("halt_error", "halt_error(f)")
    GONE("modulemeta", "modulemeta")
    GONE("input_filename", "input_filename")
    GONE("input_line_number", "input_line_number")
    GONE("get_search_list", "get_search_list")
    GONE("get_jq_origin", "get_jq_origin")
    GONE("get_prog_origin", "get_prog_origin")
    GONE("localtime", "localtime")
    GONE("strflocaltime", "strflocaltime(f)")

    /* jq 1.6 has doubles only: a number from 2^53 on may have lost digits, and must not get into a text. */
    "def _keep: if type == \"string\" then . elif any(..; type == \"number\" and (. >= 9007199254740992 or . <= -9007199254740992))\n"
    "  then error(\"digits\") else . end;\n"
    "def _tostring: tostring;  def tostring: _keep | _tostring;\n"
    "def _tojson: tojson;      def tojson: _keep | _tojson;\n"
    "def _format(f): format(f);  def format(f): _keep | _format(f);\n"
    "def _join(f): join(f);    def join(f): _keep | _join(f);\n"

    /* What ends the process: INT_MIN % -1, a date out of range, a format that is no text, an index that overflows. */
    "def _modulo(a; b): a % b;\n"
    "def _mod(a; b): a as $a | b as $b |\n"
    "  if ($a | type) == \"number\" and ($b | type) == \"number\" and $b <= -1 and $b > -2 then 0 else _modulo($a; $b) end;\n"
    "def _strftime(f): strftime(f);\n"
    "def strftime(f): f as $f | if ($f | type) == \"string\" then (if type == \"number\" then gmtime else . end) | _strftime($f)\n"
    "  else error(\"format\") end;\n"
    "def todateiso8601: strftime(\"%Y-%m-%dT%H:%M:%SZ\");  def todate: todateiso8601;\n"
    "def _setpath(p; f): setpath(p; f);\n"
    "def setpath(p; f): p as $p | if any($p | arrays | .[]; type == \"number\" and . > 1000000) then error(\"index\")\n"
    "  else _setpath($p; f) end;\n"
    "def _assign(p; $v): reduce path(p) as $p (.; setpath($p; $v));\n"
    "def _modify(p; f): reduce path(p) as $p (.; label $done | (setpath($p; getpath($p) | f) | ., break $done), delpaths([$p]));\n"
    GONE("fromstream", "fromstream(f)")

    /* What takes all memory, or all time, in one step, which nothing interrupts; and what leaks (the places of one array in another). */
    "def _times(a; b): a * b;\n"
    "def _multiply(a; b): a as $a | b as $b |\n"
    "  if ($a | type) == \"string\" or ($b | type) == \"string\" then error(\"texts are not multiplied\") else _times($a; $b) end;\n"
    "def _fromjson: fromjson;\n"
    "def fromjson: if type == \"string\" and utf8bytelength > 65536 then error(\"too long\") else _fromjson end;\n"
    "def _indices(i): indices(i);\n"
    "def indices(i): i as $i | if $i == \"\" or $i == [] then null\n"
    "  elif type == \"array\" then . as $all | [$i] | flatten(1) as $some | [$all | range(length) | select($all[.:. + ($some | length)] == $some)]\n"
    "  else _indices($i) end;\n"
    "def index(i): indices(i) | .[0];  def rindex(i): indices(i) | .[-1:][0];\n"

    "{} as $ENV |\n";
