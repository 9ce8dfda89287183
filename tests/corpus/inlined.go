package main

var (
	m map[int]int
	p *int
)

func reset() {
	m = nil // want 1.2..: nil main.m
}

func drop(k int) {
	delete(m, k) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
}

func main() {
	reset() // want 1.2..1.11: nil main.m
	drop(1) // want 1.2..1.8: call runtime.mapdelete; 1.9..1.11: call runtime.mapdelete_fast64
	println(len(m))
}
