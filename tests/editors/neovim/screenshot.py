#!/usr/bin/env python3
"""Draws what `tmux capture-pane -e -p` printed as a PNG, the way a terminal would.

usage: screenshot.py FONTS dark|light COLUMNS ROWS OUT.png < capture
Knows the colours and attributes that tmux passes on (SGR) and nothing else of terminals.
"""

import re
import sys
import unicodedata

from PIL import Image, ImageDraw, ImageFont

SIZE = 26  # pixels; twice what a page shows, so that it is sharp there
THEMES = {
    "dark": ((224, 226, 234), (20, 22, 27)),  # Neovim's own default colours
    "light": ((20, 22, 27), (224, 226, 234)),
}
BASE = [
    (0, 0, 0), (205, 49, 49), (13, 150, 100), (180, 140, 20), (36, 114, 200), (188, 63, 188), (17, 148, 178),
    (229, 229, 229), (102, 102, 102), (241, 76, 76), (35, 209, 139), (200, 180, 40), (59, 142, 234), (214, 112, 214),
    (41, 184, 219), (250, 250, 250),
]  # fmt: skip
# Arms of box-drawing characters: left, right, up, down. Drawn, because fonts leave gaps between lines.
BOX = {
    "─": "lr", "│": "ud", "┌": "rd", "┐": "ld", "└": "ru", "┘": "lu", "├": "rud", "┤": "lud", "┬": "lrd", "┴": "lru",
    "┼": "lrud", "╭": "rd", "╮": "ld", "╰": "ru", "╯": "lu", "━": "lr", "┃": "ud",
}  # fmt: skip


def colour_256(n):
    """The xterm palette."""
    if n < 16:
        return BASE[n]
    if n < 232:
        n -= 16
        return tuple(0 if c == 0 else 55 + 40 * c for c in (n // 36, n // 6 % 6, n % 6))
    return (8 + 10 * (n - 232),) * 3


class Pen:
    """Attributes of the text that follows."""

    def __init__(self):
        self.reset()

    def reset(self):
        self.fg = self.bg = self.line_colour = None
        self.bold = self.italic = self.reverse = self.strike = self.dim = False
        self.underline = 0

    def take(self, params):
        """Applies one SGR sequence; sub-parameters are separated by colons."""
        todo = [p if p else "0" for p in params.split(";")]
        while todo:
            head, *sub = todo.pop(0).split(":")
            n = int(head or 0)
            if n == 0:
                self.reset()
            elif n in (1, 22):
                self.bold, self.dim = n == 1, False
            elif n == 2:
                self.dim = True
            elif n in (3, 23):
                self.italic = n == 3
            elif n == 4:
                self.underline = int(sub[0]) if sub else 1
            elif n == 24:
                self.underline = 0
            elif n in (7, 27):
                self.reverse = n == 7
            elif n in (9, 29):
                self.strike = n == 9
            elif n in (38, 48, 58):
                if sub:
                    kind, rest = sub[0], [s for s in sub[1:] if s]
                else:
                    kind = todo.pop(0)
                    rest = [todo.pop(0) for _ in range(3 if kind == "2" else 1)]
                rgb = tuple(int(v) for v in rest[-3:]) if kind == "2" else colour_256(int(rest[0]))
                setattr(self, {38: "fg", 48: "bg", 58: "line_colour"}[n], rgb)
            elif n == 39:
                self.fg = None
            elif n == 49:
                self.bg = None
            elif n == 59:
                self.line_colour = None
            elif 30 <= n <= 37 or 90 <= n <= 97:
                self.fg = BASE[n - 30 if n < 40 else n - 82]
            elif 40 <= n <= 47 or 100 <= n <= 107:
                self.bg = BASE[n - 40 if n < 50 else n - 92]


def wave(draw, x, y, width, colour):
    """An undercurl."""
    step = 3
    points = [(x + i, y + (step if (i // step) % 2 else 0)) for i in range(0, width + step, step)]
    draw.line(points, fill=colour, width=2)


def box(draw, text, x, y, w, h, colour):
    """A box-drawing character whose arms meet those of its neighbours."""
    cx, cy, arms = x + w // 2, y + h // 2, BOX[text]
    if text in "╭╮╰╯":
        # A quarter of a circle between the middles of two edges, and straight pieces where the cell is longer.
        r = w // 2 - 1
        ox = cx if "r" in arms else cx - 2 * r
        oy = cy if "d" in arms else cy - 2 * r
        start = {"╭": 180, "╮": 270, "╰": 90, "╯": 0}[text]
        draw.arc((ox, oy, ox + 2 * r + 1, oy + 2 * r + 1), start, start + 90, fill=colour, width=2)
        if "d" in arms:
            draw.rectangle((cx, cy + r, cx + 1, y + h - 1), fill=colour)
        else:
            draw.rectangle((cx, y, cx + 1, cy - r), fill=colour)
        if "r" in arms:
            draw.rectangle((cx + r, cy, x + w - 1, cy + 1), fill=colour)
        else:
            draw.rectangle((x, cy, cx - r, cy + 1), fill=colour)
        return
    for arm in arms:
        piece = {
            "l": (x, cy, cx + 1, cy + 1), "r": (cx, cy, x + w - 1, cy + 1),
            "u": (cx, y, cx + 1, cy + 1), "d": (cx, cy, cx + 1, y + h - 1),
        }[arm]  # fmt: skip
        draw.rectangle(piece, fill=colour)


def main():
    fonts, theme, columns, rows, out = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]), sys.argv[5]
    default_fg, default_bg = THEMES[theme]
    face = {
        (bold, italic): ImageFont.truetype(f"{fonts}/dejavu/DejaVuSansMono{suffix}.ttf", SIZE)
        for (bold, italic), suffix in {
            (False, False): "", (True, False): "-Bold", (False, True): "-Oblique", (True, True): "-BoldOblique",
        }.items()
    }  # fmt: skip
    emoji = ImageFont.truetype(f"{fonts}/noto/NotoColorEmoji.ttf", 109)  # the only size that its bitmaps have
    ascent, descent = face[False, False].getmetrics()
    w, h, pad = round(face[False, False].getlength("M")), ascent + descent + 3, SIZE
    image = Image.new("RGB", (columns * w + 2 * pad, rows * h + 2 * pad), default_bg)
    draw = ImageDraw.Draw(image)
    pen = Pen()
    for row, line in enumerate(sys.stdin.read().split("\n")[:rows]):
        column = 0
        for sgr, text in re.findall(r"\x1b\[([0-9;:]*)m|([^\x1b])", line):
            if not text:
                pen.take(sgr or "0")
                continue
            fg, bg = pen.fg or default_fg, pen.bg or default_bg
            if pen.reverse:
                fg, bg = bg, fg
            if pen.dim:
                fg = tuple((f + b) // 2 for f, b in zip(fg, bg))
            if unicodedata.combining(text) or text == "\ufe0f":
                continue
            cells = 2 if unicodedata.east_asian_width(text) in "WF" else 1
            x, y, width = pad + column * w, pad + row * h, cells * w
            column += cells
            if bg != default_bg:
                draw.rectangle((x, y, x + width - 1, y + h - 1), fill=bg)
            if text in BOX:
                box(draw, text, x, y, w, h, fg)
            elif cells == 2 and ord(text) > 0x2300 and not 0x2E80 <= ord(text) <= 0xD7FF:
                glyph = Image.new("RGBA", (136, 128))
                ImageDraw.Draw(glyph).text((0, 0), text, font=emoji, embedded_color=True)
                glyph = glyph.resize((width - 2, round((width - 2) * 128 / 136)))
                image.paste(glyph, (x + 1, y + (h - glyph.height) // 2), glyph)
            elif text != " ":
                draw.text((x, y + 1), text, font=face[pen.bold, pen.italic], fill=fg)
            if pen.underline == 3:
                wave(draw, x, y + h - 6, width, pen.line_colour or fg)
            elif pen.underline:
                draw.line((x, y + h - 4, x + width, y + h - 4), fill=pen.line_colour or fg, width=2)
            if pen.strike:
                draw.line((x, y + h // 2, x + width, y + h // 2), fill=fg, width=2)
    image.save(out, optimize=True)


main()
