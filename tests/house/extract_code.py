#!/usr/bin/env python3
"""Writes the ```cpp blocks of a page, one after the other, as one C++ file.  usage: extract_code.py PAGE OUTPUT"""
import pathlib
import re
import sys

page, output = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
blocks = re.findall(r"^```cpp\n(.*?)^```", page.read_text(), flags=re.M | re.S)
if not blocks:
    sys.exit(f"no code in {page}")
text = "\n".join(blocks)
if not output.exists() or output.read_text() != text:
    output.write_text(text)
