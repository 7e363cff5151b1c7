# A man page from what "kamrpc --help" and "kamrpc COMMAND --help" print: of each line one knows by its beginning what it is.
# Variables: version, and command or, for the program's own page, commands.

function plain(text) {
    gsub(/\\/, "\\e", text)
    gsub(/-/, "\\-", text)
    return text ~ /^[.']/ ? "\\&" text : text
}

# What stands beside a name may go on in the next lines.
function flush_entry() {
    if (name != "") printf ".TP\n\\fB%s\\fR\n%s\n", plain(name), plain(text)
    name = text = ""
}

function title(line) {
    flush_entry()
    if (isShown) print ".fi\n.RE"
    isShown = 0
    print ".SH " toupper(plain(line))
}

function entry(line,    rest) {
    sub(/^  /, "", line)
    if (match(line, /  +/)) {
        name = substr(line, 1, RSTART - 1)
        text = substr(line, RSTART + RLENGTH)
    } else {
        name = line
        text = ""
    }
}

NR == 1 {
    page = command == "" ? "kamrpc" : "kamrpc-" command
    sub(/^kamrpc[^:]*: /, "")
    summary = $0
    next
}

/^Usage: / {
    printf ".TH %s 1 \"\" \"kamrpc %s\" \"kamrpc\"\n.SH NAME\n%s \\- %s\n.SH SYNOPSIS\n", toupper(plain(page)), version, plain(page), plain(summary)
    usage = substr($0, 8)
    sub(/, or --help\..*/, "", usage)
    print plain(usage)
    if (command == "") {
        print ".SH DESCRIPTION\nEach command has a page of its own, such as \\fBkamrpc\\-status\\fR(1), and says the same with \\fB\\-\\-help\\fR."
    }
    next
}

!usage { if ($0 != "") summary = summary " " $0; next }

/^$/ { next }

/^[^ ]/ {
    title($0)
    if ($0 == "Examples") {
        print ".RS\n.nf"
        isShown = 1
    }
    next
}

isShown { sub(/^ +/, ""); print plain($0); next }

# Deeper than any name stands what goes on; on the program's page that is an example.
/^      / {
    sub(/^ +/, "")
    if (command == "" && $0 ~ /^(kamrpc|source) /) text = text "\n.br\n" $0
    else text = text (text == "" ? "" : " ") $0
    next
}

/^  / { flush_entry(); entry($0) }

END {
    title("Environment")
    print "Each option is also a variable: \\fB\\-\\-etcd\\fR is \\fBKAMRPC_ETCD\\fR, \\fB\\-\\-etcd\\-ca\\fR is \\fBKAMRPC_ETCD_CA\\fR, and so on. What is given on the command line goes first."
    title("See also")
    if (command != "") print "\\fBkamrpc\\fR(1), \\fBkamailio\\fR(8)"
    else {
        count = split(commands, list, " ")
        for (i = 1; i <= count; i++) printf "\\fBkamrpc\\-%s\\fR(1)%s\n", list[i], i < count ? "," : ""
    }
}
