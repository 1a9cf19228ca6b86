cmake_minimum_required(VERSION 3.25)
# cmake -DPAGE=x.1.scd -DCOMMON=common.scd -DOUT=x.scd -P make_page.cmake
# Puts the options that all commands share in place of the line @common@.
file(READ ${PAGE} page)
file(READ ${COMMON} common)
string(STRIP "${common}" common)
string(REPLACE "@common@" "${common}" page "${page}")
file(WRITE ${OUT} "${page}")
