package main

import "unsafe"

var (
	m   map[string]int
	p   *int
	c   chan int
	f   func()
	u   unsafe.Pointer
	use func(int)
)

func main() {
	m = nil // want 1.2..: nil main.m
	use(1)
	p = nil // want 1.2..: nil main.p
	use(2)
	c = nil // want 1.2..: nil main.c
	use(3)
	f = nil // want 1.2..: nil main.f
	use(4)
	u = nil // want 1.2..: nil main.u
	use(5)
	println(len(m), *p, <-c, u)
	f()
	f = main
	u = unsafe.Pointer(p)
	println(*(*int)(u))
}
