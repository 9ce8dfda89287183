// Setting a package-level map to nil releases its memory; deleting every key does not.
package main

import (
	"log"
	"runtime"
)

var cnt = 8192

var intMap map[int]int

func main() {
	printStats("start")

	initMap()
	runtime.GC()
	printStats("filled")

	printLen(len(intMap))
	// By index: a loop that ranges over the map would be compiled to one clear.
	for i := 0; i < cnt; i++ {
		delete(intMap, i)
	}
	printLen(len(intMap))

	runtime.GC()
	printStats("deleted")

	intMap = nil
	runtime.GC()
	printStats("end")
}

// initMap makes room for cnt entries and fills it.
func initMap() {
	intMap = make(map[int]int, cnt)
	for i := 0; i < cnt; i++ {
		intMap[i] = i
	}
}

// printLen prints how many entries the map has.
func printLen(entries int) {
	log.Println(entries)
	print("goclaim value len=", entries, "\n")
}

// printStats reads the memory statistics and prints the main ones in KiB.
func printStats(snapshot string) {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	log.Printf("Alloc = %v TotalAlloc = %v Sys = %v NumGC = %v\n",
		m.Alloc/1024, m.TotalAlloc/1024, m.Sys/1024, m.NumGC)

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
