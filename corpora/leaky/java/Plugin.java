/* SPDX-License-Identifier: MIT */
public class Plugin { static byte[] table = new byte[20000]; Object o = new Helper(); }
class Helper { static Object x = new Object(); }
