# SPDX-License-Identifier: Apache-2.0
"""What the checks know about C: which files are ours, their text without comments, and where functions begin.

No parser: the tree is laid out by clang-format, so that a function's body opens with `{` in the first column and
closes with `}` in the first column. check-format holds that.
"""

import os
import re
import sys

TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
SKIPPED_DIRECTORIES = {".git", "build", "subprojects", "corpus", "golden", "__pycache__"}

_TOKEN = re.compile(
    r"""/\*.*?\*/ | //[^\n]* | "(?:\\.|[^"\\\n])*" | '(?:\\.|[^'\\\n])*'""",
    re.DOTALL | re.VERBOSE,
)
_NAME = re.compile(r"\b([A-Za-z_]\w*)\s*\(")
_NOT_A_NAME = {"__attribute__", "__attribute", "__declspec", "_Alignas", "__typeof__", "defined"}
# Files of other projects, which stay as they are, to the byte.
FOREIGN = {"tests/mig/child_port.defs"}


def files(*suffixes, under=("",)):
    """The files of the tree with such a suffix, as paths from its top, sorted."""
    found = set()
    for start in under:
        for directory, names, entries in os.walk(os.path.join(TOP, start)):
            names[:] = [n for n in names if n not in SKIPPED_DIRECTORIES]
            for entry in entries:
                path = os.path.relpath(os.path.join(directory, entry), TOP)
                if path not in FOREIGN and (not suffixes or entry.endswith(suffixes)):
                    found.add(path)
    return sorted(found)


def read(path):
    with open(os.path.join(TOP, path), encoding="utf-8", errors="replace") as source:
        return source.read()


def blank_comments(text, strings=True):
    """The text with comments, and strings, replaced by spaces: every line and column stays where it was."""

    def blank(match):
        token = match.group(0)
        if token.startswith("/"):
            return re.sub(r"[^\n]", " ", token)
        return token[0] + " " * (len(token) - 2) + token[-1] if strings else token

    return _TOKEN.sub(blank, text)


def comments(text):
    """(line number, comment) for each comment."""
    for match in _TOKEN.finditer(text):
        if match.group(0).startswith("/"):
            yield text.count("\n", 0, match.start()) + 1, match.group(0)


class Function:
    """A definition: its name, how many parameters, the lines of the braces of its body."""

    def __init__(self, name, parameters, first, last):
        self.name, self.parameters, self.first, self.last = name, parameters, first, last

    @property
    def body_lines(self):
        return max(self.last - self.first - 1, 0)


def _count_parameters(declarator, opening):
    depth, commas, inside = 0, 0, ""
    for character in declarator[opening:]:
        if character == "(":
            depth += 1
        elif character == ")":
            depth -= 1
            if depth == 0:
                break
        elif character == "," and depth == 1:
            commas += 1
        inside += character
    return 0 if inside.strip("( \t\n") in ("", "void") else commas + 1


def functions(text):
    """The function definitions of a file."""
    lines = blank_comments(text).split("\n")
    declarator, start = [], None
    for number, line in enumerate(lines, 1):
        if start is not None:
            if line.startswith("}"):
                yield Function(*start, number)
                declarator, start = [], None
            continue
        if line.startswith("#") or not line.strip():
            declarator = []
            continue
        if line.startswith("{"):
            joined = "\n".join(declarator)
            names = [m for m in _NAME.finditer(joined) if m.group(1) not in _NOT_A_NAME]
            if names and "=" not in joined.split("(")[0]:
                start = (names[0].group(1), _count_parameters(joined, names[0].end() - 1), number)
            continue
        declarator.append(line)
        if re.search(r"[;}]\s*$", line):
            declarator = []


def enclosing(found, number):
    """The function of the list that line `number` is in, or None."""
    for function in found:
        if function.first <= number <= function.last:
            return function
    return None


def allowances(path):
    """The lines of an allow-list: words, without comments."""
    for line in read(path).split("\n"):
        words = line.split("#", 1)[0].split()
        if words:
            yield words


def finish(name, problems, checked):
    """Prints what was found, and ends the program."""
    for problem in problems:
        print(problem)
    print(f"{name}: {checked} looked at, {len(problems)} found")
    sys.exit(1 if problems else 0)
