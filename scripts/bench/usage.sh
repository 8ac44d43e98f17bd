# usage.sh FILE PROGRAM ARG…: runs a program to its end and writes two lines to FILE: the seconds it took (elapsed, user,
# system), and the peak of its resident set in kB, 0 where there is no /proc. Any program is measured alike, from outside.
file=$1
shift

# The kernel forgets the peak as the process ends, so it is read again and again until then. No program is started for
# that, nor for the pauses (nothing is ever written to the pipe): it would cost more than the looking.
watch() {
  exec 9<> <(:)
  while status="" && read -rd "" status <"/proc/$1/status"; [[ $status =~ VmHWM:[[:space:]]+([0-9]+) ]]; do
    peak=${BASH_REMATCH[1]}
    read -rt 0.02 -u 9
  done 2>/dev/null
  echo "${peak:-0}"
}

TIMEFORMAT="%R %U %S"
{
  time {
    "$@" 2>&3 &
    program=$!
    trap "kill $program" INT TERM # what runs in the background does not hear a Ctrl-C
    watch $program >"$file.peak" &
    wait $program
    status=$?
  }
} 3>&2 2>"$file"
wait
cat "$file.peak" >>"$file"
exit $status
