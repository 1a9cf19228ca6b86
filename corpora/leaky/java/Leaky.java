/* SPDX-License-Identifier: MIT */
import java.net.*;
import java.nio.file.*;
import java.util.*;

/**
 * Five leaks of Java (with the argument "leaks"), or the same work without any: class loaders that
 * objects of a plugin keep, values of thread-local variables, objects whose finalizer never comes
 * to run, equal texts, collections with room for much more than they hold.
 */
public class Leaky {
    static final List<Object> plugins = new ArrayList<>();
    static final ThreadLocal<byte[]> BUFFER = new ThreadLocal<>();
    static final List<String> texts = new ArrayList<>();
    static final List<ArrayList<Object>> lists = new ArrayList<>();
    static final List<Map<Object, Object>> maps = new ArrayList<>();

    static class Handle {
        byte[] held = new byte[1000];
        @SuppressWarnings("removal")
        protected void finalize() throws Exception { Thread.sleep(1000000); }
    }

    static void loaders(String folder) throws Exception {
        for (int i = 0; i < 12; i++) {
            URL[] where = { Paths.get(folder).toUri().toURL() };
            URLClassLoader loader = new URLClassLoader(where, null);
            plugins.add(loader.loadClass("Plugin").getDeclaredConstructor().newInstance());
        }
    }

    static void threadLocals() throws Exception {
        for (int i = 0; i < 8; i++) {
            Thread t = new Thread(() -> {
                BUFFER.set(new byte[200000]);
                new ThreadLocal<byte[]>().set(new byte[100000]);
                try { Thread.sleep(1000000); } catch (InterruptedException e) { }
            });
            t.setDaemon(true);
            t.start();
        }
    }

    public static void main(String[] a) throws Exception {
        boolean leaks = a[0].equals("leaks");
        if (leaks) {
            loaders(a[1]);
            threadLocals();
            for (int i = 0; i < 5000; i++) new Handle();
            for (int i = 0; i < 40000; i++)
                texts.add("one of " + i % 10 + " texts that are read again and again");
            for (int i = 0; i < 3000; i++) {
                ArrayList<Object> list = new ArrayList<>(100);
                list.add("x");
                lists.add(list);
                Map<Object, Object> map = new HashMap<>(256);
                map.put("x", "y");
                maps.add(map);
            }
        } else {
            for (int i = 0; i < 5; i++) loaders(a[1]);
            plugins.clear();
            for (int i = 0; i < 20000; i++) texts.add("text " + i);
            Map<Object, Object> map = new HashMap<>();
            for (int i = 0; i < 5000; i++) map.put(i, new ArrayList<>(Arrays.asList(i, i + 1)));
            maps.add(map);
            BUFFER.set(new byte[1000]);
        }
        System.gc();
        Thread.sleep(500);
        System.out.println("ready");
        System.out.flush();
        System.in.read();
    }
}
