package main

type pair struct {
	n int
	p *int
}

var (
	ps  [10]pair
	use func(int)
	n   int
)

func main() {
	for i := range ps {
		ps[i].p = &n
		ps[i].n = i
	}
	use(1)
	for i := range ps {
		ps[i].n = 0 // want 1.2..1.7: uncertain main.ps
	}
	use(2)
	for i := 0; i < 10; i++ {
		ps[i].p = nil // want 1.2..: nil main.ps
		use(i)
	}
	ps[n&7] = pair{} // want 1.2: uncertain main.ps; 1.4..: nil-store main.ps
	use(3)
	ps[n&7] = pair{n, nil} // want 1.2..: nil-store main.ps
}
