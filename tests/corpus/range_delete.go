package main

var m map[int]int
var fm map[float64]int

func main() {
	for k := range m { // want 1.2..1.10: call runtime.mapiterinit; 1.2..1.10: call runtime.mapiternext; 1.2: call runtime.mapiter1; 1.11..: call runtime.mapclear
		delete(m, k) // want 1.2..1.8: call runtime.mapdelete; 1.9..1.10: call runtime.mapdelete_fast64
	}
	for k := range fm { // want 1.2..1.23: call runtime.mapiterinit; 1.2..1.23: call runtime.mapiternext; 1.2: call runtime.mapiter1; 1.24..: call runtime.mapIterStart; 1.24..: call runtime.mapIterNext
		delete(fm, k) // want 1.2..: call runtime.mapdelete
	}
}
