#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# The pipes example at a terminal: the prompt, editing, Ctrl-C, Ctrl-D.
. "$UKERN/tests/tap.sh"
build_shared pipes-example "$UKERN/examples/pipes" || exit 1
image=$shared

# A line of the console's is \r\n, of which QEMU's terminal makes \r\r\n.
exec "$UKERN/tests/pipes/typist" "$UKERN/tools/run" -s -t 60 "$image/pipes.img" <<'END'
Pipe closed\r\r\n		the demo runs first
$ 	echo one\x7f\x7fff\r	
\r\r\noff\r\r\n		Backspace takes back
$ 	garbage\x15echo two words\x17three\r	
\r\r\ntwo three\r\r\n		Ctrl-U takes the line back, Ctrl-W a word
$ 	echo ace\x1b[D\x1b[Db\x1b[Cd\x05f\x1b[1~\x1b[3~E\r	
\r\r\nEcho: no such		cursor keys, Delete, Home and Ctrl-E move in the line
$ 	\x1b[A\x1b[He\x1b[3~\x1b[F!\r	
\r\r\nabcdef!\r\r\n		Up brings the last line back, Home and End lead through it
$ 	echo kept and\x02\x02\x02\x02\x0b\r	
\r\r\nkept\r\r\n		Ctrl-K takes away what is behind the cursor
$ 	echo clear\x0c	
\x1b[H\x1b[2J$ echo clear	\r	Ctrl-L clears the screen, and shows prompt and line again
\r\r\nclear\r\r\n		the line goes on
$ 	echo gone\x03	
^C\r\r\n$ 		Ctrl-C at the prompt gives a new one
	spin\r	
spin\r\r\n	\x03	
^C\r\r\n$ 		Ctrl-C ends a program that never calls the kernel
	yes | cat | upper\r	
Y\r\r\nY\r\r\n	\x03	a pipeline runs
^C\r\r\n		Ctrl-C ends it
$ 	cat | upper | cat\r	
cat\r\r\n	typed\r	
TYPED\r\r\n	half\x04	a program reads what is typed
HALF	\x04	Ctrl-D hands half a line over
$ 	cat | wc\r	Ctrl-D on an empty line is the end of its input
wc\r\r\n	type ahead\r\x04echo next\r	
1       2      11\r\r\n		what is typed for a program goes to it
next\r\r\n		and what is typed ahead to the shell
$ 	false\r	
false ended with code 1\r\r\n		an exit code is shown
$ 	sleep 0.2 &\r	
$ 	crash null\r	
wrote to 0x0		a fault is explained
crash.c:		and where it was
$ 	\x04	
END
