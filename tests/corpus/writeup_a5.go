package main

import (
	"log"
	"runtime"
)

var cnt = 8192

func main() {
	printMemStats()
	other()
	runtime.GC()
	printMemStats()
}

func other() {
	var m map[int]int
	m = initMap(m)
	runtime.GC()
	printMemStats()
	log.Println(len(m))
	for i := 0; i < cnt; i++ {
		delete(m, i) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
	}
	log.Println(len(m))
	runtime.GC()
	printMemStats()
}

func initMap(m map[int]int) map[int]int {
	m = make(map[int]int, cnt) // want 1.2..: call runtime.makemap
	for i := 0; i < cnt; i++ {
		m[i] = i // want 1.2..1.7: call runtime.mapassign1; 1.8: call runtime.mapassign; 1.9..: call runtime.mapassign_fast64
	}
	return m
}

func printMemStats() {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	log.Printf("Alloc = %v TotalAlloc = %v Sys = %v NumGC = %v\n", m.Alloc/1024, m.TotalAlloc/1024, m.Sys/1024, m.NumGC)
}
