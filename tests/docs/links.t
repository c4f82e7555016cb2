#!/bin/sh
# SPDX-License-Identifier: BSD-2-Clause
#
# Every relative link of every Markdown file leads to a file that is there, and to a heading that is in it: in the tree, in
# an installed SDK, and in the projects that it makes. The site of an installed SDK is whole.
. "$UKERN/tests/sdk/outside.sh"

# links FOLDER: its Markdown files.
# shellcheck disable=SC2016 # perl expands it
links() {
    perl -e '
        use File::Find;
        my ($top, $count, @bad) = @ARGV;
        my @files;
        find({no_chdir => 1, wanted => sub {
            $File::Find::prune = 1 if m{/(?:build|\.git)$};
            push @files, $_ if /\.md$/;
        }}, $top);
        sub text { open my $in, "<", $_[0] or die "$_[0]: $!\n"; local $/; my $t = <$in>; $t =~ s/^```.*?^```//gms; $t }
        # A heading is linked to by its words, as on the usual sites.
        sub headings {
            my %h;
            for (text($_[0]) =~ /^#+ (.*?)\s*$/gm) {
                my $id = lc s/[`*]|\[([^\]]*)\]\([^)]*\)/$1 \/\/ ""/ger;
                $id =~ s/[^\w\- ]//g;
                $h{$id =~ tr/ /-/r} = 1;
            }
            \%h;
        }
        for my $file (@files) {
            my ($folder) = $file =~ m{^(.*)/};
            my $text = text($file);
            $text =~ s/`[^`\n]*`(?!\])//g;
            for ($text =~ /\]\(([^)\s]+)\)/g, $text =~ /\b(?:href|src)="([^"]+)"/g, $text =~ /^\[[^\]]+\]:\s*(\S+)/gm) {
                next if /^\w+:/;
                $count++;
                my ($to, $anchor) = /^([^#]*)#?(.*)$/;
                $to = $to eq "" ? $file : "$folder/$to";
                if (!-e $to) { push @bad, "$file: $_ is not there" }
                elsif ($anchor ne "" && !headings($to)->{$anchor}) { push @bad, "$file: $_: no such heading" }
            }
        }
        print "# $_\n" for @bad;
        print "# no link in $top\n" unless $count;
        exit(@bad || !$count ? 1 : 0);' "$1"
}
ok "links of the tree" links "$tree"

# What make install does, so that the site comes along where it can be made.
ok "make install" run make -C "$tree" BUILD="$tree_build" install PREFIX="$outside/whole"
ok "links of an installed SDK" links "$outside/whole"
ok "its guides have their figures" [ -e "$outside/whole/lib/ukern-$version/docs/figures/parked.svg" ]
ok "what only makes the site is not there" [ -z "$(find "$outside/whole" -name Doxyfile -o -name reference -o -name layout.xml)" ]
mv "$outside/whole" "$outside/moved"
ok "and when it has been moved" links "$outside/moved"
linkless() {
    ! grep -q ']([^)]' "$1/README.md" || links "$PWD/$1"
}
for template in server driver syscall app; do
    ukern new $template new-$template >/dev/null
    ok "links of a new $template, if it has any" linkless new-$template
done

html=$outside/moved/share/doc/ukern-$version/html
if command -v doxygen >/dev/null; then
    ok "its site is there" [ -s "$html/index.html" ]
    ok "and its first page names it" says "$outside/moved/share/doc/ukern-$version/README.md" "](html/index.html)"
    ok "each link of it leads somewhere, and none to another place" "$tree/tests/docs/site-links" "$html"
else
    ok "without doxygen there is no site" [ ! -e "$html" ]
fi
# What is broken is found: a link to a file, and one to a heading.
mkdir bad
# shellcheck disable=SC2016 # Markdown
printf '# One\n\n[a](bad.md#one) [b](none.md) [c](#two) `[d](code.md)`\n' >bad/bad.md
links bad >found || true
ok "a dead link is found" says found "none.md is not there"
ok "so is a heading that is not there" says found "#two: no such heading"
ok "and nothing else" [ "$(wc -l <found)" = 2 ]
finish
