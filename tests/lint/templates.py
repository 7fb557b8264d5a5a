#!/usr/bin/env python3
"""templates.py [FILE...]: what templates may say (docs/templates.md). Prints one line per breach, exit 1 when there is any.

ClearSilver escapes every `var` as HTML text, and knows no context: so values stand in text and in quoted attributes only,
never in script, style or an event attribute; URLs are validated or encoded; what could switch escaping off is not used.
The text round the tags is read once from top to bottom, branches one after the other.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
VIEWS = ROOT / "views"

COMMANDS = {"var", "uvar", "include", "def", "call", "if", "elif", "else", "each", "with", "loop", "set"}
FUNCTIONS = {"html_escape", "url_escape", "js_escape", "url_validate", "subcount", "len", "first", "last", "name", "string.length", "max", "min", "abs"}
ESCAPES = {"html_escape", "url_escape", "js_escape", "url_validate"}
URL_ATTRIBUTES = {"href", "src", "action", "formaction", "poster", "cite", "hx-get", "hx-post"}
# Raw output: SVG drawn by lib/chart.c, which escapes every text itself.
RAW_ALLOWED = {"views/lib/chart.cs", "views/lib/kpi.cs", "views/billing/bill.cs",
               "views/layout/_shell.cs"}        # there: pieces that views/layout/kept_*.cs rendered and escaped
# Mail programs drop style sheets.
STYLE_ALLOWED = {"views/layout/mail.cs", "views/layout/message.cs"}
# Texts come from the messages where a second language is promised.
NO_WORDS = re.compile(r"^views/(layout|lib|portal)/")
WORDS_ALLOWED = {"SMART360"}

TAG = re.compile(r"<\?cs(.*?)\?>", re.S)
STRING = re.compile(r'"[^"]*"|\'[^\']*\'')
CALLED = re.compile(r"([A-Za-z_][\w.]*)\s*\(")


def icon_names():
    lines = (VIEWS / "static/icons.txt").read_text().splitlines()
    return {line.split("#")[0].strip().split("=")[0] for line in lines if line.split("#")[0].strip()}


def message_keys():
    keys = set()
    for path in (VIEWS / "messages/en").glob("*.msg"):
        for line in path.read_text().splitlines():
            if "=" in line and not line.startswith("#"):
                keys.add(line.split("=")[0].strip())
    return keys


class Page:
    """Where in the HTML the reader stands: text, inside a tag, inside an attribute's value, inside script or style."""

    def __init__(self):
        self.element, self.attribute, self.quote, self.value = None, None, None, ""
        self.raw = None             # inside <script> or <style>
        self.opaque = False         # inside <!-- -->
        self.pending = ""           # an attribute's name being read
        self.words = []

    def feed(self, text):
        i = 0
        while i < len(text):
            c = text[i]
            if self.opaque:
                end = text.find("-->", i)
                if end < 0:
                    return
                self.opaque, i = False, end + 3
            elif self.raw:
                end = re.compile(r"</%s" % self.raw, re.I).search(text, i)
                if not end:
                    return
                self.raw, self.element, i = None, "/", end.end()
            elif self.quote:
                if c == self.quote:
                    self.quote = self.attribute = None
                else:
                    self.value += c
                i += 1
            elif self.element:
                if c == ">":
                    if self.element in ("script", "style"):
                        self.raw = self.element
                    self.element, self.pending = None, ""
                elif c in "\"'" and self.pending.endswith("="):
                    self.attribute, self.quote, self.value, self.pending = self.pending[:-1].strip().split()[-1].lower(), c, "", ""
                else:
                    self.pending += c
                i += 1
            else:
                if text.startswith("<!--", i):
                    self.opaque, i = True, i + 4
                    continue
                m = re.compile(r"<(/?[A-Za-z!][\w-]*)").match(text, i)
                if m:
                    self.element, self.pending, i = m.group(1).lower(), "", m.end()
                else:
                    self.words.append(c)
                    i += 1


def check(path, icons, keys):
    shown = path.relative_to(ROOT).as_posix()
    text = path.read_text(encoding="utf-8")
    page, at = Page(), 0

    def line(pos):
        return f"{shown}:{text.count(chr(10), 0, pos) + 1}"

    for m in [*TAG.finditer(text), None]:
        literal = text[at:m.start()] if m else text[at:]
        if shown not in STYLE_ALLOWED and re.search(r"<style|\sstyle\s*=", literal, re.I):
            yield f"{line(at)}: inline style is stopped by the policy"
        if re.search(r"\son[a-z]+\s*=|hx-on", literal, re.I):
            yield f"{line(at)}: event attributes are stopped by the policy"
        if re.search(r"<script(?![^>]*\ssrc=)", literal, re.I):
            yield f"{line(at)}: inline script is stopped by the policy"
        if re.search(r"(href|src)\s*=\s*[\"']?(javascript|data):", literal, re.I):
            yield f"{line(at)}: javascript: and data: addresses are stopped by the policy"
        if re.search(r"hx-trigger=\"[^\"]*\[", literal):
            yield f"{line(at)}: filters in hx-trigger need eval"
        page.feed(literal)
        if NO_WORDS.match(shown):
            for word in re.findall(r"[A-Za-z][A-Za-z0-9]{2,}", re.sub(r"&[a-z]+;", "", "".join(page.words))):
                if word not in WORDS_ALLOWED:
                    yield f"{line(at)}: the word '{word}' belongs into views/messages"
        page.words = []
        if not m:
            break
        at = m.end()
        here, inner = line(m.start()), m.group(1).strip()
        if inner.startswith("#"):
            continue
        if re.match(r"/\s*def", inner) or re.match(r"def\s*:", inner):      # a macro begins in text, one named ..._attrs inside a tag
            page.element = "macro" if re.match(r"def\s*:\s*\w+_(attrs|aria)\b", inner) else None
            page.attribute = page.quote = page.raw = None
        if inner.startswith("/"):
            continue
        command = re.match(r"[a-z]+", inner)
        command = command.group() if command else inner[:10]
        rest = inner[len(command):]
        if command not in COMMANDS:
            yield f"{here}: '{command}' is not among {' '.join(sorted(COMMANDS))}"
            continue
        if command == "include":
            included = re.fullmatch(r'!\s*"([^"]+)"', rest.strip())
            if not included:
                yield f"{here}: write include!\"a literal name\" (include: is silent when the file is missing)"
            elif ".." in included.group(1) or not any((root / included.group(1)).is_file() for root in (VIEWS, path.parent)):
                yield f"{here}: there is no template {included.group(1)}"
            continue
        if command == "uvar" and shown not in RAW_ALLOWED:
            yield f"{here}: raw output needs a line in RAW_ALLOWED of tests/lint/templates.py"
        expression = STRING.sub('""', rest.lstrip(":! "))
        called = CALLED.findall(expression)
        if command in ("call", "def"):
            called = called[1:]
        for f in called:
            if f not in FUNCTIONS:
                yield f"{here}: the function {f} is not among {' '.join(sorted(FUNCTIONS))}"
        escapes = [f for f in called if f in ESCAPES]
        if escapes and command == "set":
            yield f"{here}: set: keeps values as they are; escape where they are shown"
        if command == "var" and escapes and (len(escapes) > 1 or not re.fullmatch(r"\w+\((?:[^()]|\([^()]*\))*\)", expression.strip())):
            yield f"{here}: one escape function alone, never with + (the rest would be raw)"
        if re.search(r"[*%]|(?<![<\"])/", expression):
            yield f"{here}: templates do not calculate"
        for key in re.findall(r"\bt((?:\.[a-z_0-9]+)+)", expression):
            if key[1:] not in keys and not any(k.startswith(key[1:] + ".") for k in keys):
                yield f"{here}: there is no text {key[1:]} in views/messages/en"
        icon = re.match(r'call:icon\("([^"]+)"\)', inner)
        if icon and icon.group(1) not in icons:
            yield f"{here}: the icon {icon.group(1)} is not in views/static/icons.txt"
        if command not in ("var", "uvar"):
            continue
        if page.raw:
            yield f"{here}: no value inside {page.raw}: hand it over in a data- attribute"
        elif page.quote:
            name = page.attribute
            if name.startswith("on") or name == "style" and shown not in STYLE_ALLOWED:
                yield f"{here}: no value inside {name}"
            asset = expression.startswith("asset.")
            if name in URL_ATTRIBUTES and not page.value and not asset and escapes != ["url_validate"]:
                yield f"{here}: {name} begins with a value: url_validate"
            if name in URL_ATTRIBUTES and page.value and not asset and not page.value.startswith("#") and "\x00asset" not in page.value \
                    and escapes != ["url_escape"] and escapes != ["url_validate"]:
                yield f"{here}: a part of a URL: url_escape"
            page.value += "\x00asset" if asset else "\x00"
        elif page.element:
            yield f"{here}: a value in a tag stands in a quoted attribute"


def main(names):
    icons, keys = icon_names(), message_keys()
    files = [pathlib.Path(n).resolve() for n in names] or sorted([*VIEWS.rglob("*.cs"), *(ROOT / "tests/browser/samples").glob("*.cs")])
    found = [problem for path in files for problem in check(path, icons, keys)]
    if not names:
        for path in sorted([*(ROOT / "app").rglob("*.c"), *(ROOT / "lib").rglob("*.c")]):
            source = path.read_text(encoding="utf-8")
            for m in re.finditer(r"\.icon\s*=\s*\"([^\"]*)\"", source):
                if m.group(1) not in icons:
                    found.append(f"{path.relative_to(ROOT)}:{source.count(chr(10), 0, m.start()) + 1}: the icon {m.group(1)} is not in views/static/icons.txt")
    print("\n".join(found), end="\n" if found else "")
    return 1 if found else 0


sys.exit(main(sys.argv[1:]))
