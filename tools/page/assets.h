/* SPDX-License-Identifier: MIT */
/* page.css and the files of script/ one after the other, compiled in, each a C string, with the hexadecimal SHA-256 of its bytes. */
#ifndef SNAP_TOOLS_PAGE_ASSETS_H
#define SNAP_TOOLS_PAGE_ASSETS_H

extern const char page_css[], page_css_sha256[];
extern const char page_js[], page_js_sha256[];

#endif
