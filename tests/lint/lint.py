#!/usr/bin/env python3
"""lint.py [RULE]: what the shape of the tree must keep. Prints `ok RULE` or `not ok RULE` after what it found.

To add a rule: a function that yields one line per breach ("file:line: what is wrong"), and its row in RULES.
"""
import os
import pathlib
import re
import shutil
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("SMART360_BUILD", ROOT / "build")).resolve()

# Folders of the modules; the prefix of a migration's file name says whose tables it makes.
OWNERS = {"core": {"core", "setup"}, "setup": {"core", "setup"}, "hub": {"hub"}, "cis": {"cis"}, "cc": {"calls"}, "comm": {"comms"},
          "portal": {"portal"}, "mx": {"meters"}, "bx": {"billing"}, "wx": {"field"}, "platform": {"platform", "core"}}
# Written past the owner's functions with good reason: the sample writes whole periods in bulk.
WRITES_ANYTHING = re.compile(r"^app/sample/|/sample[^/]*\.c$")

RULES_MAY_INCLUDE = {"lib/arena.h", "lib/types.h", "lib/money.h", "lib/date.h", "lib/exact.h",
                     "lib/card.h", "lib/digest.h", "lib/fault.h", "lib/json.h", "lib/request.h", "lib/utf8.h"}        # pure functions over bytes
RULES_MAY_NOT_USE = {"time.h", "sys/time.h", "unistd.h", "mysql.h", "mysql/mysql.h", "syslog.h", "sodium.h", "curl/curl.h"}

# Functions that cannot know the size of what they write, or that leave the process's hands.
FORBIDDEN = {"gets", "strcpy", "strcat", "sprintf", "vsprintf", "stpcpy", "strncpy", "strncat", "alloca", "tmpnam", "tempnam", "mktemp", "system",
             "__strcpy_chk", "__strcat_chk", "__sprintf_chk", "__vsprintf_chk", "__stpcpy_chk", "__strncpy_chk", "__strncat_chk"}


COLUMNS_MAX = 120
TEST_DATA = re.compile(r'\\"|"[^" ]{60,}')          # keys, digests and documents stay whole


def sources(*patterns):
    for pattern in patterns:
        for path in sorted(ROOT.glob(pattern)):
            if path.is_file():
                yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def line_of(text, at):
    return text.count("\n", 0, at) + 1


def without_comments(text):
    """Comments become spaces, so that places stay; strings stay whole."""
    pattern = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|//[^\n]*|/\*.*?\*/', re.S)
    return pattern.sub(lambda m: m.group() if m.group()[0] in "\"'" else re.sub(r"[^\n]", " ", m.group()), text)


def includes():
    for name, text in sources("lib/**/*.[ch]", "app/**/*.[ch]"):
        parts = name.split("/")
        own = parts[1] if parts[0] == "app" and len(parts) > 2 else None
        pure = re.search(r"_rules\.[ch]$", name)
        for m in re.finditer(r'^\s*#\s*include\s+(["<])([^">]+)[">]', text, re.M):
            what, where = m.group(2), f"{name}:{line_of(text, m.start(2))}"
            if m.group(1) == "<":
                if pure and what in RULES_MAY_NOT_USE:
                    yield f"{where}: pure rules do not include <{what}>"
                continue
            if pure:
                same = what.startswith(f"app/{own}/" if own else "lib/") and what.endswith("_rules.h")
                if what not in RULES_MAY_INCLUDE and not same:
                    yield f"{where}: pure rules include arena, types, money, date, exact, the readers of bytes and their own header, not {what}"
            elif parts[0] == "lib":
                if not what.startswith("lib/"):
                    yield f"{where}: lib includes lib only, not {what}"
            elif own:
                m2 = re.match(r"app/([a-z]+)/([a-z_0-9]+)\.h$", what)
                if m2 and m2.group(1) not in (own, "core") and m2.group(1) != m2.group(2):
                    yield f"{where}: of another module only app/{m2.group(1)}/{m2.group(1)}.h may be included"


def owners_of_tables():
    owners = {}
    for name, text in sources("sql/platform/*.sql"):
        for m in re.finditer(r"create\s+(?:or replace\s+)?table\s+(?:if not exists\s+)?`?(\w+)`?", text, re.I):
            owners[f"smart360.{m.group(1)}"] = OWNERS["platform"]
    for name, text in sources("sql/tenant/*.sql"):
        prefix = name.split("/")[-1].split("-")[1]
        for m in re.finditer(r"create\s+(?:or replace\s+)?table\s+(?:if not exists\s+)?`?(\w+)`?", text, re.I):
            owners[m.group(1)] = OWNERS.get(prefix) or set()
    return owners


def tables():
    owners = owners_of_tables()
    writes = re.compile(r"\b(?:insert\s+(?:ignore\s+)?into|replace\s+into|delete\s+from|(?<!for )(?<!key )update)\s+(?:ignore\s+)?(smart360\.)?`?([a-z_][a-z_0-9]*)`?", re.I)
    for name, text in sources("app/**/*.c", "lib/**/*.c"):
        if WRITES_ANYTHING.search(name):
            continue
        code = without_comments(text)
        for literal in re.finditer(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', code):
            sql = "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', literal.group()))
            written = [(m.group(1) or "") + m.group(2) for m in writes.finditer(sql)]
            joined = re.match(r"(?:delete (\w+) from|update) json_table.*", sql, re.I)         # rows by their ids: the table is joined
            if joined:
                alias = joined.group(1) or re.search(r"\bset (\w+)\.", sql).group(1)
                written += [m.group(1) for m in re.finditer(rf"join (\w+) {alias}\b", sql)]
            for table in written:
                folder = name.split("/")[1] if name.startswith("app/") and name.count("/") > 1 else "lib"
                owner = owners.get(table) or (owners.get(f"smart360.{table}") if folder in ("platform", "core") else None)
                if owner and folder not in owner and folder != "lib":
                    yield f"{name}:{line_of(code, literal.start())}: {table} is written by app/{' or app/'.join(sorted(owner))} only"


def scans():
    """A list of ids in a subquery is looked through once for each row of the table by update and delete (MariaDB 10.11)."""
    for name, text in sources("app/**/*.c", "lib/**/*.c"):
        code = without_comments(text)
        for literal in re.finditer(r'"(?:\\.|[^"\\\n])*"(?:\s*"(?:\\.|[^"\\\n])*")*', code):
            sql = "".join(re.findall(r'"((?:\\.|[^"\\\n])*)"', literal.group()))
            if re.match(r"(?:delete|update)\b.*\bin \(select [^()]*json_table", sql, re.I):
                yield f"{name}:{line_of(code, literal.start())}: reads the whole table: join it to the json_table instead"


def functions():
    archive = BUILD / "libsmart360.a"
    if not archive.exists():
        yield f"{archive} is not built"
        return
    member = ""
    for line in subprocess.run(["nm", "-u", str(archive)], capture_output=True, text=True, check=True).stdout.splitlines():
        if line.endswith(":"):
            member = line[:-1]
        elif line.split()[-1:] and line.split()[-1].split("@")[0] in FORBIDDEN:
            yield f"{member}: uses {line.split()[-1]}"


def shape():
    for name, text in sources("lib/**/*.[ch]", "app/**/*.[ch]", "tests/**/*.[ch]"):
        if not text.lstrip().startswith("/*"):
            yield f"{name}:1: a file begins with a comment that says what it is for"
        for n, line in enumerate(text.split("\n"), 1):
            if "\t" in line:
                yield f"{name}:{n}: a tab"
            if line != line.rstrip():
                yield f"{name}:{n}: space at the end"
            if len(line) > COLUMNS_MAX and not (name.startswith("tests/") and TEST_DATA.search(line)):
                yield f"{name}:{n}: {len(line)} columns"


def scripts():
    found = [ROOT / "start", ROOT / "check", ROOT / "tests/instance", ROOT / ".ci/run", *sorted((ROOT / "tests").glob("**/*.sh")), *sorted((ROOT / "views").glob("**/*.sh")),
             ROOT / "tests/fuzz/run", ROOT / "tests/bench/run", ROOT / "tests/bench/growth"]
    found = [str(p.relative_to(ROOT)) for p in found if p.exists() and p.read_text(errors="replace").startswith("#!/") and "sh" in p.read_text(errors="replace").split("\n")[0]]
    if not shutil.which("shellcheck"):
        yield "shellcheck is not installed"
        return
    done = subprocess.run(["shellcheck", "-x", "-f", "gcc", *found], cwd=ROOT, capture_output=True, text=True)
    yield from done.stdout.splitlines()


def starts():
    """./start names packages that are missing, those Debian never heard of too; no script ends without a word."""
    def run(commands):
        return subprocess.run(["bash", "-c", f". ./start; {commands}"], cwd=ROOT, capture_output=True, text=True)

    strange = "no-such-package-of-debian"
    if shutil.which("dpkg-query"):
        done = run(f"missing_packages dpkg {strange} bash")
        if done.returncode or done.stdout.split() != [strange]:
            yield f"start: missing_packages ends with {done.returncode} and names {done.stdout.split()}, not {strange}: {done.stderr.strip()}"
        done = run(f"INSTALL=no; install_packages dpkg {strange}")
        if done.returncode != 1 or f"Missing packages: {strange}" not in done.stderr:
            yield f"start: install_packages ends with {done.returncode} and does not name {strange}: {done.stderr.strip()}"
    done = run("x=$(sed -n 1p /nonexistent 2>/dev/null | head -n 1); echo goes on")
    if not done.returncode or "/nonexistent" not in done.stderr or done.stdout:
        yield f"start: a command that fails ends with {done.returncode}, saying: {done.stdout}{done.stderr}".strip()


def templates():
    linter = ROOT / "tests/lint/templates.py"
    if not linter.exists():
        return
    done = subprocess.run([sys.executable, str(linter)], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        yield from (done.stdout + done.stderr).splitlines() or ["templates.py failed without a word"]


def program():
    """Declarations, routes and rights, templates, and every SQL literal against a migrated schema."""
    done = subprocess.run([str(ROOT / "tests/instance"), "with", "BASE", str(BUILD / "smart360"), "lint"], cwd=ROOT, capture_output=True, text=True,
                          env={**os.environ, "SMART360_BUILD": str(BUILD)})
    if done.returncode:
        yield from (done.stdout + done.stderr).splitlines() or ["smart360 lint failed without a word"]


def tests_named():
    """Tests that are switched off or prove nothing."""
    pattern = re.compile(r"\b(?:test|it|describe)\.(?:only|fixme)\(|expect\(true\)|CU_ASSERT_TRUE\(1\)|CU_PASS\(")
    for name, text in sources("tests/**/*.js", "tests/**/*.c"):
        for m in pattern.finditer(text):
            yield f"{name}:{line_of(text, m.start())}: {m.group()}"


# Modules whose words all stand in views/messages; to add one: its folder.
WORDED = {"billing", "cis", "hub", "portal"}
# What looks like a key of a text and is none: handlers of events, kinds of jobs, names of forms, fields of templates, rights.
NAMES = re.compile(r'\.(?:name|kind) = "[^"]*"|\{ "[a-z_.*]+",\s*"[a-z_]+\.[a-z_.]+",\s*\w+ \}|\{ "[a-z]+\.[a-z]+", \w+\(')
WORD = r'"(?:\\.|[^"\\])*[A-Za-z]{2}(?:\\.|[^"\\])*"'
SAYS = re.compile(r'\b(?:show_fact|table_column|table_start|table_empty|table_foot|show_text|note)\((?:[^"();]|"[^"]*"(?=,)|\((?:[^()"]|"[^"]*")*\))*?"(?=[^"]*[a-z])[A-Z][^"]*"')


# A text asked for by its key: word(r, "x.y"), msg(c->language, "x.y"), msg_format(...), msg_plural(...).
ASKED = re.compile(r'\b(?:word\(\s*r|msg\([^()"]*|msg_format\([^"]*?|msg_plural\([^"]*?),\s*"([a-z0-9_]+(?:\.[a-z0-9_]+)+)"\s*[,)]')


def declared(text):
    """Forms, lists and resources of a file: kind, name, text of the declaration, where it begins."""
    for m in re.finditer(r"\bconst (Form|ListSpec|Resource) \w+ = \{", text):
        depth, at = 0, m.end() - 1
        for token in re.finditer(r'"(?:\\.|[^"\\])*"|[{}]', text[at:]):
            depth += {"{": 1, "}": -1}.get(token.group(), 0)
            if not depth:
                break
        body = text[at:at + token.end()]
        name = re.search(r'\.(?:name|table) = "(\w+)"', body)
        yield m.group(1), name.group(1) if name else None, body, at


def words():
    """What people read stands in views/messages: declarations hold no words, and each declared name has its text."""
    texts = set()
    for _, text in sources("views/messages/en/*.msg"):
        texts |= set(re.findall(r"^([a-z0-9_.]+)\s*=", text, re.M))
    rights = set(re.findall(r"'([a-z]+\.[a-z_]+)'", "".join(text for _, text in sources("sql/tenant/*-seed-permissions.sql"))))
    for name, text in sources("app/**/*.c"):
        for m in ASKED.finditer(text):
            if not texts & {m.group(1), f"{m.group(1)}.one", f"{m.group(1)}.other"}:
                yield f"{name}:{line_of(text, m.start())}: no text {m.group(1)}"
    for folder in sorted(WORDED):
        for name, text in sources(f"app/{folder}/*.c"):
            code = without_comments(text)
            for m in SAYS.finditer(code):
                yield f"{name}:{line_of(code, m.start())}: words of a page stand in views/messages"
            for kind, of, body, at in declared(code):
                def where(m):
                    return f"{name}:{line_of(code, at + m.start())}"
                for m in re.finditer(r"\.(?:one|many|title|submit|intro|hint|search_label|empty_title|empty_text|chars_text) = " + WORD, body):
                    yield f"{where(m)}: words of a declaration stand in views/messages"
                for m in re.finditer(r'\{ "([a-z_0-9]+)",\s*(%s|NULL|[A-Z_]+\b)' % WORD, body):
                    if "HIDDEN(" in m.group() + body[m.end():].split("}")[0]:
                        continue
                    if m.group(2)[0] == '"':
                        yield f"{where(m)}: the label of {m.group(1)} stands in views/messages"
                    elif of and not texts & {f"{of}.{m.group(1)}" if kind != "ListSpec" else f"list.{of}.{m.group(1)}", f"field.{m.group(1)}"}:
                        if kind != "ListSpec" or re.search(r"\b(?:LIST|FILTER)\b", body[m.end():body.index("}", m.end())]):
                            yield f"{where(m)}: {m.group(1)} has no label in views/messages"
            for m in re.finditer(r'"(%s\.[a-z0-9_.]*[a-z0-9])"' % folder, NAMES.sub("", code)):
                if m.group(1) not in rights and not any(t == m.group(1) or t.startswith(m.group(1) + ".") for t in texts):
                    yield f"{name}: no text {m.group(1)}"


RULES = {
    "includes": includes,           # who may include what
    "tables": tables,               # tables are written by their owner only
    "scans": scans,                 # what writes rows by their ids reads these rows only
    "functions": functions,         # no function that cannot know the size of what it writes
    "shape": shape,                 # columns, tabs, the head of a file
    "scripts": scripts,             # shellcheck
    "starts": starts,               # what ./start says when it cannot go on
    "templates": templates,         # allowed words, escaping
    "words": words,                 # what people read stands in views/messages
    "program": program,             # smart360 lint
    "tests": tests_named,
}


def main(wanted):
    bad = 0
    for rule, check in RULES.items():
        if wanted and rule not in wanted:
            continue
        found = list(check())
        for line in found[:60]:
            print(f"  {line}")
        if len(found) > 60:
            print(f"  ... and {len(found) - 60} more")
        print(f"{'not ok' if found else 'ok'} lint {rule}" + (f": {len(found)}" if found else ""), flush=True)
        bad += bool(found)
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
