/* SPDX-License-Identifier: MIT */
import java.io.File;
import java.io.PrintWriter;
import java.util.Iterator;

import org.graalvm.visualvm.lib.jfluid.heap.Heap;
import org.graalvm.visualvm.lib.jfluid.heap.HeapFactory;
import org.graalvm.visualvm.lib.jfluid.heap.Instance;

/** What VisualVM's library says of each object of a dump: id, shallow and retained size, class. */
public class VisualVm {
    public static void main(String[] arguments) throws Exception {
        Heap heap = HeapFactory.createHeap(new File(arguments[0]));
        try (PrintWriter out = new PrintWriter(arguments[1])) {
            for (Iterator<Instance> i = heap.getAllInstancesIterator(); i.hasNext();) {
                Instance o = i.next();
                out.println(o.getInstanceId() + " " + o.getSize() + " " + o.getRetainedSize()
                            + " " + o.getJavaClass().getName());
            }
        }
    }
}
