package main

var (
	p, q *int
	n    int
	get  func() int
)

func main() {
	var x *int
	if get() > 1 {
		x = &n
	}
	p = x // nil on one way only
	get()
	x = nil
	if get() > 2 {
		get()
	}
	p = x // want 1.2: uncertain main.p; 1.4..: nil main.p
	get()
	if get() > 3 {
		q = nil // want 1.2..: nil main.q
	} else {
		q = &n
	}
	get()
	var y *int
	if get() > 4 {
		y = q
	} else {
		y = nil
	}
	p = y
	println(*p, *q)
}
