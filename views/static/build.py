"""build.py MODULES OUT: see build.sh, which calls it.

Everything is built beside OUT and put in its place at the end, so that a broken build leaves the old files standing.
The result depends on nothing but the inputs (no times, no order of folders): equal inputs give equal names.
"""
import gzip
import hashlib
import io
import pathlib
import re
import shutil
import sys

from fontTools import subset
from fontTools.varLib import instancer

HERE = pathlib.Path(__file__).resolve().parent
MODULES, OUT = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])

# Text, dashes, quotes, arrows, minus, euro, thin spaces; the other currency signs lie in a file of their own.
LATIN = [*range(0x20, 0x7F), *range(0xA0, 0x100), *range(0x2010, 0x2016), *range(0x2018, 0x201F), 0x2022, 0x2026,
         0x2190, 0x2191, 0x2192, 0x2193, 0x2196, 0x2197, 0x2198, 0x2199, 0x2212, 0x20AC, 0x2009, 0x202F]
MONEY = list(range(0x20A0, 0x20C1))


def font(source, codes):
    """A subset of the variable font, weights 400 to 700, tabular figures kept."""
    options = subset.Options()
    options.layout_features = ["kern", "tnum", "calt", "ccmp", "locl", "mark", "case"]
    options.hinting = False
    ttf = subset.load_font(MODULES / "@fontsource-variable/inter/files" / source, options)
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=codes)
    cutter.subset(ttf)
    ttf = instancer.instantiateVariableFont(ttf, {"wght": (400, 700)})
    ttf.flavor = "woff2"
    out = io.BytesIO()
    ttf.save(out)
    return out.getvalue()


def sprite():
    """One file of symbols, only those that icons.txt names: `name` or `name=name in the set`."""
    parts = ['<svg xmlns="http://www.w3.org/2000/svg">']
    for line in (HERE / "icons.txt").read_text().splitlines():
        line = line.split("#")[0].strip()
        if not line:
            continue
        ours, _, theirs = line.partition("=")
        svg = (MODULES / "@tabler/icons/icons/outline" / f"{theirs or ours}.svg").read_text()
        body = re.search(r"<svg[^>]*>(.*)</svg>", svg, re.S).group(1)
        body = re.sub(r'<path stroke="none" d="M0 0h24v24H0z" fill="none" ?/>', "", body)
        body = re.sub(r"\s+", " ", body).replace(" />", "/>").replace("> <", "><").strip()
        parts.append(f'<symbol id="{ours}" viewBox="0 0 24 24">{body}</symbol>')
    return ("".join(parts) + "</svg>").encode()


def small_css(css):
    """Comments and spaces go; quoted texts are left as they are."""
    css = re.sub(r"/\*.*?\*/", "", css, flags=re.S)
    parts = re.split(r'("[^"]*")', css)
    for i in range(0, len(parts), 2):
        part = re.sub(r"\s+", " ", parts[i])
        part = re.sub(r" ?([{};,>]) ?", r"\1", part)
        parts[i] = re.sub(r":\s", ":", part).replace(";}", "}")
    return "".join(parts).strip()


def small_js(js):
    """Comments on lines of their own and indentation go; the code itself is left alone."""
    js = re.sub(r"^\s*/\*.*?\*/\s*$", "", js, flags=re.S | re.M)
    return "\n".join(line.strip() for line in js.splitlines() if line.strip() and not line.strip().startswith("//"))


class Build:
    def __init__(self, folder):
        self.folder, self.names, self.paths = folder, [], {}

    def put(self, path, data):
        file = self.folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
        if file.suffix in (".css", ".js", ".svg", ".txt") and len(data) > 200:
            with open(f"{file}.gz", "wb") as raw, gzip.GzipFile("", "wb", 9, raw, 0) as zipped:
                zipped.write(data)

    def add(self, name, file, data):
        """Under a name with the hash of its content."""
        stem, suffix = file.rsplit(".", 1)
        self.named(name, f"{stem}.{hashlib.sha256(data).hexdigest()[:10]}.{suffix}", data)
        self.paths[file] = self.paths[name]

    def named(self, name, path, data):
        self.put(path, data)
        self.paths[name] = f"/s/{path}"
        self.names.append(name)


def cached_font(source, codes):
    """Cutting takes seconds; the result is kept beside OUT under a name made of all that goes in."""
    raw = (MODULES / "@fontsource-variable/inter/files" / source).read_bytes()
    key = hashlib.sha256(raw + repr(codes).encode() + pathlib.Path(__file__).read_bytes()).hexdigest()[:16]
    file = OUT.parent / f".{OUT.name}-fonts" / f"{key}.woff2"
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(font(source, codes))
    return file.read_bytes()


def main():
    new = OUT.parent / f".{OUT.name}.new"
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    b = Build(new)
    b.add("font", "inter-latin.woff2", cached_font("inter-latin-wght-normal.woff2", LATIN))
    b.add("font_money", "inter-money.woff2", cached_font("inter-latin-ext-wght-normal.woff2", MONEY))
    b.add("icons", "icons.svg", sprite())
    for svg in sorted(HERE.glob("*.svg")):
        b.add(svg.stem.replace("-", "_"), svg.name, re.sub(rb">\s+<", b"><", svg.read_bytes()).strip())
    for css in sorted(HERE.glob("*.css")):
        made = re.sub(r"url\(([\w.-]+)\)", lambda m: f"url({b.paths[m.group(1)]})", small_css(css.read_text()))
        b.add(f"{css.stem}_css", css.name, made.encode())
    for js in sorted(HERE.glob("*.js")):
        b.add(f"{js.stem}_js", js.name, small_js(js.read_text()).encode())
    b.add("htmx_js", "htmx.js", (MODULES / "htmx.org/dist/htmx.min.js").read_bytes())
    b.add("uplot_js", "uplot.js", (MODULES / "uplot/dist/uPlot.iife.min.js").read_bytes())
    b.add("uplot_css", "uplot.css", (MODULES / "uplot/dist/uPlot.min.css").read_bytes())
    # Leaflet finds its pictures by their own names beside its style sheet: the folder carries the version.
    leaflet = MODULES / "leaflet"
    version = re.search(r'"version": "([\d.]+)"', (leaflet / "package.json").read_text()).group(1)
    b.named("leaflet_js", f"leaflet-{version}/leaflet.js", re.sub(rb"\n//# sourceMapping.*", b"", (leaflet / "dist/leaflet.js").read_bytes()))
    b.named("leaflet_css", f"leaflet-{version}/leaflet.css", (leaflet / "dist/leaflet.css").read_bytes())
    for picture in sorted((leaflet / "dist/images").iterdir()):
        b.put(f"leaflet-{version}/images/{picture.name}", picture.read_bytes())
    for package, licence in {"inter": "@fontsource-variable/inter/LICENSE", "tabler-icons": "@tabler/icons/LICENSE", "htmx": "htmx.org/LICENSE",
                             "uplot": "uplot/LICENSE", "leaflet": "leaflet/LICENSE"}.items():
        b.put(f"licences/{package}.txt", (MODULES / licence).read_bytes())
    (new / "assets.txt").write_text("".join(f"{name} {b.paths[name]}\n" for name in b.names))
    old = OUT.parent / f".{OUT.name}.old"
    shutil.rmtree(old, ignore_errors=True)
    if OUT.exists():
        OUT.rename(old)
    new.rename(OUT)
    shutil.rmtree(old, ignore_errors=True)


main()
