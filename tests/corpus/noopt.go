// gcflags: -N -l
package main

type T struct {
	n int
	p *int
}

var (
	m    map[int]int
	p, q *int
	t    T
	arr  [4]*int
	n    int
)

func main() {
	var x *int
	p = x // want 1.2..: nil main.p
	x = &n
	q = x
	x = nil
	q = x // want 1.2..: nil main.q
	m = nil // want 1.2..: nil main.m
	n = 0
	y := 0
	n = y
	t.n = y // want 1.2..1.7: uncertain main.t
	t.p = nil // want 1.2..1.7: uncertain main.t; 1.8..: nil main.t
	i := 2
	arr[i] = nil // want 1.2..1.7: uncertain main.arr; 1.8..: nil main.arr
	pp := &p
	*pp = nil // want 1.2..: nil main.p
	println(*p, *q, len(m), n)
	delete(m, i) // want 1.2..1.8: call runtime.mapdelete; 1.9..: call runtime.mapdelete_fast64
}
