package main

type T struct {
	p *int
	n int
}

type named struct {
	name string
	p    *int
}

var (
	s   string
	s2  string
	t   T
	nm  named
	e   interface{}
	use func(int)
	n   int
)

func main() {
	s = "x"
	use(1)
	s = ""
	use(2)
	println(s2)
	s2 = ""
	use(3)
	t = T{} // want 1.2,1.9..1.16: uncertain main.t; 1.4..1.8,1.17..: nil-store main.t
	use(4)
	nm.name = "y"
	use(5)
	nm.name = "" // want 1.4: uncertain main.nm
	use(6)
	nm.p = nil // want 1.2..1.7: uncertain main.nm; 1.8..: nil main.nm
	use(7)
	e = nil // want 1.2: uncertain main.e; 1.4..: nil main.e
	use(8)
	nm = named{} // want 1.2: uncertain main.nm; 1.4..: nil-store main.nm
}
