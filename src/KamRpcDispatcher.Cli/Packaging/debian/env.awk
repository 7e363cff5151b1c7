# A file of variables for a unit, from what "kamrpc COMMAND --help" prints: each option, commented out, with what it means and its default.
# Variable: command.

function flush_option(    words, count, i, line, value) {
    if (name == "" || name ~ /^(help|version|once|dry-run|output)$/) { name = ""; return }
    value = ""
    # Of defaults only what can be written as it stands.
    if (match(text, / \[default: [^ \]]+\]$/)) {
        value = substr(text, RSTART + 11, RLENGTH - 12)
        if (value ~ /^\$/ || value ~ /^(anybody|none)$/) value = ""
    }
    count = split(text, words, " ")
    line = "#"
    for (i = 1; i <= count; i++) {
        if (length(line) + 1 + length(words[i]) > 100) { print line; line = "#" }
        line = line " " words[i]
    }
    print line
    gsub(/-/, "_", name)
    printf "#KAMRPC_%s=%s\n", toupper(name), value
    name = text = ""
}

BEGIN {
    print "# Options of \"kamrpc " command "\" as variables, for kamrpc-" command ".service. Uncomment what differs from its default, then:"
    print "#   systemctl restart kamrpc-" command " && systemctl status kamrpc-" command
    print "# One a line; no comment behind a value. What can be repeated is separated by commas."
}

/^(Examples|Exit codes)$/ { flush_option(); isOver = 1 }
isOver { next }
/^[^ ]/ && NR > 1 && !/^Usage/ { flush_option(); print "\n# --- " $0 " ---\n"; next }
/^  -/ {
    flush_option()
    line = $0
    sub(/^ +/, "", line)
    at = match(line, /  +/)
    text = at ? substr(line, RSTART + RLENGTH) : ""
    name = at ? substr(line, 1, RSTART - 1) : line
    sub(/^.*--/, "", name)
    next
}
/^      / && name != "" { sub(/^ +/, ""); text = text (text == "" ? "" : " ") $0 }
END { flush_option() }
