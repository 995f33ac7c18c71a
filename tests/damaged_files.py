"""Damaged and hostile files, made from sound ones by a seeded chance.

PDFs cut, with bits turned, tables broken or in circles, pages nested or huge, streams of noise, bombs, passwords;
images cut, turned, bombs, in circles; files that are not what their name says.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

Damage = Callable[[bytes, random.Random], bytes]


def write_damaged(folder: Path, n: int, seed: int = 1) -> list[Path]:
    """Write n packets of one file, each with one kind of damage and named by number and kind, the same for a seed.

    The password files are the exception: their salt is drawn anew.
    """
    chance, sound = random.Random(seed), {kind: make() for kind, make in SOUND.items()}
    paths = []
    for i in range(n):
        name, (kind, suffix, damage) = list(DAMAGE.items())[i % len(DAMAGE)]
        path = folder / f"{i:04d}_{name}" / f"file{suffix}"
        path.parent.mkdir(parents=True)
        path.write_bytes(damage(chance.choice(sound[kind]), chance))
        paths.append(path)
    return paths


def _pdfs() -> list[bytes]:
    return [_pdf(pages, packed) for pages in (1, 2, 4) for packed in (0, 1)]


def _pdf(pages: int, packed: int) -> bytes:
    from reportlab.pdfgen.canvas import Canvas

    out = io.BytesIO()
    canvas = Canvas(out, pagesize=(612, 792), invariant=1, pageCompression=packed)
    for page in range(pages):
        canvas.drawString(54, 740, f"Pain clinic note, sheet {page}. No active infection today.")
        canvas.line(54, 730, 500, 730)
        canvas.drawString(54, 710, "Morphine ER 30 mg twice daily; pain is 8 of 10.")
        canvas.showPage()
    canvas.save()
    return out.getvalue()


def _images(kind: str, **options: object) -> list[bytes]:
    from PIL import Image, ImageDraw

    images = []
    for n in range(3):
        picture = Image.new("1" if kind == "TIFF" else "L", (620, 120), 255)
        ImageDraw.Draw(picture).text((20, 40), f"Sheet {n}: no active infection", fill=0, font_size=32)
        out = io.BytesIO()
        more = {"save_all": True, "append_images": [picture] * n} if kind == "TIFF" else {}
        picture.save(out, kind, dpi=(100, 100), **options, **more)
        images.append(out.getvalue())
    return images


SOUND: dict[str, Callable[[], list[bytes]]] = {
    "pdf": _pdfs,
    "png": lambda: _images("PNG"),
    "jpg": lambda: _images("JPEG"),
    "tif": lambda: _images("TIFF", compression="group4"),
}


def _cut(data: bytes, chance: random.Random) -> bytes:
    return data[: chance.randrange(9, len(data))]


def _turned(data: bytes, chance: random.Random) -> bytes:
    out = bytearray(data)
    for _ in range(chance.choice((1, 10, 100))):
        out[chance.randrange(9, len(out))] ^= 1 << chance.randrange(8)
    return bytes(out)


def _zeroed(data: bytes, chance: random.Random) -> bytes:
    at = chance.randrange(9, len(data))
    return data[:at] + bytes(min(300, len(data) - at)) + data[at + 300 :]


def _shifted(data: bytes, chance: random.Random) -> bytes:
    return data[:9] + b"%" + b"x" * chance.randrange(1, 2000) + b"\n" + data[9:]


def _table(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\d{10} 00000 n", lambda _: b"%010d 00000 n" % chance.randrange(len(data)), data)


def _start(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"startxref\n\d+", b"startxref\n%d" % chance.randrange(10 * len(data)), data)


def _lengths(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"/Length \d+", b"/Length %d" % chance.choice((0, 1, 10**9)), data)


def _references(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"\d+ 0 R", lambda m: b"%d 0 R" % chance.randrange(12) if chance.random() < 0.3 else m[0], data)


def _names(data: bytes, chance: random.Random) -> bytes:
    wanted = chance.choice((b"/Type", b"/Kids", b"/Pages", b"/Contents", b"/Font", b"/MediaBox", b"/Root", b"/Filter"))
    return data.replace(wanted, b"/X" + wanted[2:])


def _numbers(data: bytes, chance: random.Random) -> bytes:
    odd = (b"-1", b"1e9", b"99999999999999999999", b"null", b"0.0000001")
    return re.sub(rb"(?<=[ \[])\d+(?=[ \]])", lambda m: chance.choice(odd) if chance.random() < 0.1 else m[0], data)


def _shuffled(data: bytes, chance: random.Random) -> bytes:
    parts = re.split(rb"(?<=endobj\n)", data)
    chance.shuffle(parts)
    return b"%PDF-1.4\n" + b"".join(parts)


def _bomb(data: bytes, chance: random.Random) -> bytes:
    stream = zlib.compress(chance.choice((b" ", b"q ", b"0 0 1 1 re ")) * chance.choice((10**5, 2 * 10**6, 3 * 10**7)), 9)
    return _one_page(b"<</Filter/FlateDecode/Length %d>>stream\n" % len(stream) + stream + b"\nendstream")


def _loop(data: bytes, chance: random.Random) -> bytes:
    return re.sub(rb"/Kids \[.*?\]", b"/Kids [ %d 0 R ]" % chance.randrange(1, 8), data, flags=re.DOTALL)


def _nested(data: bytes, chance: random.Random) -> bytes:
    deep = chance.choice((100, 5_000, 200_000))
    stream = chance.choice((b"[" * deep, b"<<" * deep, b"(" * deep, b"BT " * deep))
    return _one_page(b"<</Length %d>>stream\n" % len(stream) + stream + b"\nendstream")


def _noise(data: bytes, chance: random.Random) -> bytes:
    return b"%PDF-1.7\n" + chance.randbytes(chance.randrange(0, 5000))


def _circle(data: bytes, chance: random.Random) -> bytes:
    """A table of objects that names itself as the one before, or a page tree that comes back to its root."""
    if chance.random() < 0.5:
        return re.sub(rb"trailer\n<<", lambda _: b"trailer\n<< /Prev %d" % data.rindex(b"xref\n0"), data)
    tree = [b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R 2 0 R]/Count 9>>", b"<</Type/Pages/Kids[2 0 R]/Parent 3 0 R>>"]
    return _file(tree, chance.choice((b"", b"/Prev HERE", b"/XRefStm HERE")))


def _huge(data: bytes, chance: random.Random) -> bytes:
    side = chance.choice((b"14400", b"200000", b"1e9", b"0.001", b"-792", b"99999999999999999999"))
    box = b"[0 0 %s %s]" % (side, chance.choice((side, b"792")))
    words = _stream(b"BT /F1 12 Tf 72 700 Td (No active infection.) Tj ET")
    return _one_page(words, box, chance.choice((b"", b"/UserUnit 1000", b"/Rotate 45", b"/CropBox[9e9 0 1 1]")))


def _deep(data: bytes, chance: random.Random) -> bytes:
    """Pages, arrays or forms that hold each other many levels deep."""
    deep, kind = chance.choice((50, 1000, 20_000)), chance.randrange(3)
    if kind == 0:
        tree = [b"<</Type/Pages/Kids[%d 0 R]/Count 1>>" % (n + 3) for n in range(deep)]
        return _file([b"<</Type/Catalog/Pages 2 0 R>>", *tree, b"<</Type/Page/MediaBox[0 0 612 792]>>"])
    if kind == 1:
        return _one_page(b"[" * deep + b"]" * deep, more=b"/Annots" + b"[" * deep + b"]" * deep)
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</X 5 0 R>>>>/Length 5>>stream\n/X Do\nendstream"
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 612 792]/Contents 4 0 R/Resources<</XObject<</X 5 0 R>>>>>>"
    return _file([b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[3 0 R]/Count 1>>", page, _stream(b"/X Do"), form])


def _drawing(data: bytes, chance: random.Random) -> bytes:
    """A page of drawing operators in any order, with operands of any kind."""
    operators = b"q Q cm w J d re m l c h S f n BT ET Tf Td Tm Tj TJ T* ' \" Tc Tw Tz TL Tr Ts Do BI ID EI BDC EMC sh gs".split()
    operands = (b"0", b"1", b"-7.5", b"1e38", b"/F1", b"(No active infection)", b"<0", b"[(a) -9999 (b)]", b"<<", b"[", b"null")
    parts = [chance.choice(operators if chance.random() < 0.3 else operands) for _ in range(chance.choice((50, 5000)))]
    return _one_page(_stream(b" ".join(parts)))


def _locked(data: bytes, chance: random.Random) -> bytes:
    import pikepdf

    out, user = io.BytesIO(), chance.choice(("", "secret"))
    with pikepdf.open(io.BytesIO(data)) as pdf:
        pdf.save(out, encryption=pikepdf.Encryption(owner="owner", user=user, R=chance.choice((4, 6))))
    return _turned(out.getvalue(), chance) if chance.random() < 0.3 else out.getvalue()


def _other(data: bytes, chance: random.Random) -> bytes:
    """Content that is not what the name says."""
    packed = io.BytesIO()
    zipfile.ZipFile(packed, "w").writestr("note.txt", "No active infection.")
    return chance.choice((
        b"No active infection.", b"<!DOCTYPE html><p>No active infection.", packed.getvalue(), b"", b"\0" * 5000, b"GIF89a\1\0\1\0",
        b"{\\rtf1 No active infection}", b"\xd0\xcf\x11\xe0" + bytes(2000), "No active infection.".encode("utf-16"), _images("PNG")[0],
        chance.randbytes(3000), b"MM\0*" + b"\xff" * 400,
    ))  # fmt: skip


def _wide(data: bytes, chance: random.Random) -> bytes:
    """A PNG whose header promises a picture far beyond any memory."""
    head = struct.pack(">IIBBBBB", chance.choice((0, 60_000, 2**31 - 1)), chance.choice((1, 60_000)), 8, 0, 0, 0, 0)
    return data[:16] + head + struct.pack(">I", zlib.crc32(b"IHDR" + head)) + data[33:]


def _turning(data: bytes, chance: random.Random) -> bytes:
    """A TIFF whose directory of pages comes back to itself, or has a wild entry."""
    at = struct.unpack("<I", data[4:8])[0]
    entries = struct.unpack("<H", data[at : at + 2])[0]
    if chance.random() < 0.5:
        end = at + 2 + 12 * entries
        return data[:end] + struct.pack("<I", at) + data[end + 4 :]
    entry = at + 2 + 12 * chance.randrange(entries)
    return data[: entry + 2] + chance.randbytes(10) + data[entry + 12 :]


def _one_page(contents: bytes, box: bytes = b"[0 0 612 792]", more: bytes = b"") -> bytes:
    font = b"/Resources<</Font<</F1<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>>>>>"
    return _file([
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox%s%s%s/Contents 4 0 R>>" % (box, font, more),
        contents,
    ])  # fmt: skip


def _stream(content: bytes) -> bytes:
    return b"<</Length %d>>stream\n" % len(content) + content + b"\nendstream"


def _file(objects: list[bytes], trailer: bytes = b"") -> bytes:
    out, places = bytearray(b"%PDF-1.4\n"), []
    for n, body in enumerate(objects, 1):
        places.append(len(out))
        out += b"%d 0 obj\n" % n + body + b"\nendobj\n"
    at = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1) + b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer<</Size %d/Root 1 0 R%s>>\nstartxref\n%d\n%%%%EOF\n"
    return bytes(out) + end % (len(objects) + 1, trailer.replace(b"HERE", b"%d" % at), at)


DAMAGE: dict[str, tuple[str, str, Damage]] = {
    **{name: ("pdf", ".pdf", damage) for name, damage in {
        "cut": _cut, "turned": _turned, "zeroed": _zeroed, "shifted": _shifted, "table": _table, "start": _start,
        "lengths": _lengths, "references": _references, "names": _names, "numbers": _numbers, "shuffled": _shuffled,
        "bomb": _bomb, "loop": _loop, "nested": _nested, "noise": _noise, "circle": _circle, "huge": _huge, "deep": _deep,
        "drawing": _drawing, "locked": _locked, "other": _other}.items()},
    **{f"{kind}_{name}": (kind, f".{kind}", damage) for kind in ("png", "jpg", "tif") for name, damage in {
        "cut": _cut, "turned": _turned}.items()},
    "png_wide": ("png", ".png", _wide), "tif_turning": ("tif", ".tif", _turning), "png_other": ("png", ".png", _other),
}  # fmt: skip
"""Kind of damage: the sound files it is done to, the name's ending, and the damage itself."""
