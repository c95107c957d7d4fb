# docs: the manual, the man pages, the pkg-config file (made by configure from halfulp.pc.in)
dist_doc_DATA = README.md
dist_doc_DATA += docs/formats.md
dist_doc_DATA += docs/rounding.md
dist_doc_DATA += docs/calc.md
