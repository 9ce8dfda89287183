// A map that held a million entries keeps its buckets when all of them are deleted.
package main

import (
	"fmt"
	"runtime"
)

const n = 1_000_000

func main() {
	m := make(map[int][128]byte)
	printAlloc("empty")

	for i := 0; i < n; i++ {
		m[i] = newValue()
	}
	printAlloc("filled")

	for i := 0; i < n; i++ {
		delete(m, i)
	}
	runtime.GC()
	printAlloc("deleted")

	// The map is in use until here, so no collection above may take it.
	runtime.KeepAlive(m)
}

func newValue() [128]byte {
	return [128]byte{}
}

// printAlloc reads the memory statistics and prints the heap's size in MB.
func printAlloc(snapshot string) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	fmt.Printf("%d MB\n", m.Alloc/1024/1024)

	// The same reading once more, in bytes and complete. The built-in print
	// allocates nothing, so this line does not move the figures.
	print("goclaim snapshot=", snapshot,
		" Alloc=", m.Alloc, " TotalAlloc=", m.TotalAlloc, " Sys=", m.Sys,
		" Lookups=", m.Lookups, " Mallocs=", m.Mallocs, " Frees=", m.Frees,
		" HeapAlloc=", m.HeapAlloc, " HeapSys=", m.HeapSys, " HeapIdle=", m.HeapIdle,
		" HeapInuse=", m.HeapInuse, " HeapReleased=", m.HeapReleased, " HeapObjects=", m.HeapObjects,
		" StackInuse=", m.StackInuse, " StackSys=", m.StackSys, " MSpanInuse=", m.MSpanInuse,
		" MSpanSys=", m.MSpanSys, " MCacheInuse=", m.MCacheInuse, " MCacheSys=", m.MCacheSys,
		" BuckHashSys=", m.BuckHashSys, " GCSys=", m.GCSys, " OtherSys=", m.OtherSys,
		" NextGC=", m.NextGC, " LastGC=", m.LastGC, " PauseTotalNs=", m.PauseTotalNs,
		" NumGC=", m.NumGC, " NumForcedGC=", m.NumForcedGC,
		"\n")
}
