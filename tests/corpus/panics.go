package main

var (
	m   map[int]int
	p   *int
	use func(int)
)

func f() (err error) {
	defer func() {
		if recover() != nil {
			m = nil // want 1.2: uncertain main.m; 1.4..: nil main.m
			err = nil
		}
	}()
	use(1)
	return nil
}

func main() {
	if f() != nil {
		p = nil // want 1.2..: nil main.p
		panic("runtime.mapdelete(SB)")
	}
	use(*p)
}
