package main

var (
	p, q *int
	n    int
	use  func(int)
	get  func() int
)

func main() {
	var x *int
again:
	q = x // nil the first time only
	use(1)
	if get() > 3 {
		x = &n
		goto again
	}
	use(2)
	x = nil
	goto end
end:
	p = x // want 1.2..: nil main.p
	use(*q)
	use(*p)
}
