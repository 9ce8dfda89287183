package main

var (
	m   map[int]int
	p   *int
	err error
	get func() (map[int]int, *int, error)
	use func(int)
)

func main() {
	m, p, err = get()
	use(1)
	if m, p, err := get(); err != nil {
		use(len(m) + *p)
		p = nil
		m = nil
	}
	if err != nil {
		m = nil // want 1.2..: nil main.m
	}
	use(len(m) + *p)
}
