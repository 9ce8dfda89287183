package main

var (
	m, mm map[int]int
	p, q  *int
	n     int
	use   func(int)
	get   func() int
)

func main() {
	var x *int
	switch get() {
	case 0:
		n = 3
	case 1:
		m = nil // want 1.2..: nil main.m
	case 2:
		mm = nil // want 1.2..: nil main.mm
	case 3:
		x = &n
		fallthrough
	case 4:
		p = x
	case 5:
		n = 7
	case 6:
		x = &n
	case 7:
		n = 8
		fallthrough
	case 8:
		q = nil // want 1.2: uncertain main.q; 1.4..: nil main.q
	case 9:
		n = 9
	case 10:
		p = nil // want 1.2..: nil main.p
	}
	use(len(m) + len(mm))
	q = x
	use(*p + *q)
}
