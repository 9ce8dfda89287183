package main

import (
	"log"
	"runtime"
)

var intMap map[int]int
var cnt = 8192

func main() {
	printMemStats()
	initMap()
	runtime.GC()
	printMemStats()
	log.Println(len(intMap))
	for i := 0; i < cnt; i++ {
		delete(intMap, i) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	}
	log.Println(len(intMap))
	runtime.GC()
	printMemStats()
	runtime.GC()
	printMemStats()
}

func initMap() {
	intMap = make(map[int]int, cnt) // want 1.2..: call runtime.makemap
	for i := 0; i < cnt; i++ {
		intMap[i] = i // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	}
}

func printMemStats() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	log.Printf("Alloc = %v TotalAlloc = %v Sys = %v NumGC = %v\n", m.Alloc/1024, m.TotalAlloc/1024, m.Sys/1024, m.NumGC)
}
