# formats
libhalfulp_la_SOURCES += formats/format.h
libhalfulp_la_SOURCES += formats/float.c
libhalfulp_la_SOURCES += formats/registry.h
libhalfulp_la_SOURCES += formats/registry.c
libhalfulp_la_SOURCES += formats/float-name.c
libhalfulp_la_SOURCES += formats/tapered.h
libhalfulp_la_SOURCES += formats/tapered.c
libhalfulp_la_SOURCES += formats/posit.c
libhalfulp_la_SOURCES += formats/takum.c
libhalfulp_la_SOURCES += formats/properties.c
libhalfulp_la_SOURCES += formats/table.def
libhalfulp_la_SOURCES += formats/magnitude.h
libhalfulp_la_SOURCES += formats/magnitude.c
libhalfulp_la_SOURCES += formats/p3109.c
