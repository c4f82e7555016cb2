#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# A program that has asked the shell hears of Ctrl-C, and is ended by the second; those who have not are ended by the first.
. "$UKERN/tests/tap.sh"
image=$BUILD/tests/pipes-interrupt
make -s -C "$UKERN/tests/pipes/interrupt" UKERN_BUILD="$UKERN_BUILD" BUILD="$image" >make.log 2>&1 || {
    cat make.log
    exit 1
}
TYPIST_SECONDS=100
export TYPIST_SECONDS
exec "$UKERN/tests/pipes/typist" "$UKERN/tools/run" -s -t 300 "$image/interrupt.img" <<'END'
$ 	stubborn end\r	
asked: success\r\r\nagain: an argument has a value that this call does not take\r\r\n	\x03	a program asks, once
^C\r\r\ntold\r\r\n$ 		Ctrl-C tells it, and it ends by itself
	stubborn\r	
again: an argument has a value that this call does not take\r\r\n	\x03	
^C\r\r\ntold\r\r\n	\x03	one that does not end
^C\r\r\n$ 		is ended by the next Ctrl-C
	stubborn wrong\r	
wrong: an argument has a value that this call does not take\r\r\nasked: success\r\r\n		what is no question is refused, and leaves no handle with the shell
again: an argument has a value that this call does not take\r\r\n	\x03	
^C\r\r\ntold\r\r\n	\x03	
^C\r\r\n$ 		
	cat | stubborn | cat\r	
again: an argument has a value that this call does not take\r\r\n	\x03	
^C\r\r\n	\x03	
^C\r\r\n$ 		a pipeline with one of them is ended by the second, too
	stubborn &\r	
again: an argument has a value that this call does not take\r\r\n	cat\r	in the background
cat\r\r\n	\x03	
^C\r\r\n$ 		Ctrl-C is not for it
	\x04	
END
