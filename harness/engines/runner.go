// The runner starts one program under limits and says how it ended. goclaim
// compiles it with every toolchain it uses, so it must build on Go 1.2, and
// imports little: from Go 1.20 on each package is compiled with it.
//
//	runner call TIMEOUT DATA OUTPUT WATCH DIR N ENV... ARGV...
//
// runs ARGV in DIR, its whole environment the N variables ENV. TIMEOUT is in
// seconds; DATA limits writable private memory in bytes, 0 does not; OUTPUT is
// the bytes kept of each of its streams; WATCH=1 ends the program when the
// runner's standard input ends.
//
// The reply is lines of a name and a value, an empty line, then the bytes of
// both streams.
//
// It exists because a Python parent would add its own memory to the program's
// peak RSS (the kernel counts the pages from before exec), and because inside
// a container nobody else can tell peak RSS or a kill for memory. There, it
// has the verbs of server.go too.
package main

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"runtime"
	"strconv"
	"sync"
	"syscall"
	"time"
)

type request struct {
	argv       []string
	env        []string
	dir        string
	timeout    time.Duration
	data       uint64
	output     int
	watchStdin bool
}

type reply struct {
	stdout   []byte
	stderr   []byte
	exit     int     // -1 when a signal ended the program
	signal   string  // its name, empty otherwise
	stopped  string  // timeout, output, memory or abandoned when a limit ended it
	duration float64 // seconds
	cpu      float64 // seconds, user and system
	maxRSS   int64   // bytes
	err      string  // the program could not be started
}

func (r reply) write(to io.Writer) {
	fmt.Fprintf(to, "exit %d\nsignal %s\nstopped %s\n", r.exit, r.signal, r.stopped)
	fmt.Fprintf(to, "duration %g\ncpu %g\nmax_rss %d\n", r.duration, r.cpu, r.maxRSS)
	fmt.Fprintf(to, "error %s\n", bytes.Replace([]byte(r.err), []byte("\n"), []byte(" "), -1))
	fmt.Fprintf(to, "stdout %d\nstderr %d\n\n", len(r.stdout), len(r.stderr))
	to.Write(r.stdout)
	to.Write(r.stderr)
}

func parse(args []string) (req request, err error) {
	if len(args) < 7 {
		return req, fmt.Errorf("call takes TIMEOUT DATA OUTPUT WATCH DIR N ENV... ARGV...")
	}
	seconds, err := strconv.ParseFloat(args[0], 64)
	if err != nil {
		return
	}
	req.timeout = time.Duration(seconds * float64(time.Second))
	if req.data, err = strconv.ParseUint(args[1], 10, 64); err != nil {
		return
	}
	if req.output, err = strconv.Atoi(args[2]); err != nil {
		return
	}
	req.watchStdin, req.dir = args[3] == "1", args[4]
	n, err := strconv.Atoi(args[5])
	if err == nil && (n < 0 || n >= len(args)-6) {
		err = fmt.Errorf("call: %d variables and no program", n)
	}
	if err == nil {
		req.env, req.argv = args[6:6+n], args[6+n:]
	}
	return
}

// bounded keeps the first limit bytes and says when more came. The buffer is
// not embedded: io.Copy would find its ReadFrom and pass Write by.
type bounded struct {
	mutex    sync.Mutex
	buffer   bytes.Buffer
	limit    int
	overflow func()
}

func (b *bounded) Write(p []byte) (int, error) {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	if room := b.limit - b.buffer.Len(); len(p) > room {
		b.buffer.Write(p[:room])
		b.overflow()
		return len(p), nil
	}
	return b.buffer.Write(p)
}

func (b *bounded) content() []byte {
	b.mutex.Lock()
	defer b.mutex.Unlock()
	return append([]byte(nil), b.buffer.Bytes()...)
}

// killMeAt tells the kernel, where it is Linux, how much rather to kill this
// process than others when memory runs out: at 1000 before all others.
func killMeAt(score int) {
	if file, err := os.OpenFile("/proc/self/oom_score_adj", os.O_WRONLY, 0); err == nil {
		fmt.Fprint(file, score)
		file.Close()
	}
}

// linger is how long output may still come after the program has ended: a
// process that it left behind can hold the pipes open for ever.
const linger = time.Second

func contentOf(name string) ([]byte, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	var content bytes.Buffer
	_, err = io.Copy(&content, file)
	return content.Bytes(), err
}

// collect copies from a new pipe, whose write end it returns, and sends to
// done at the end of the stream. The pipes are ours, because Wait would wait
// for the end of its own.
func collect(to io.Writer, done chan<- bool) (*os.File, error) {
	from, file, err := os.Pipe()
	if err == nil {
		go func() {
			io.Copy(to, from)
			done <- true
		}()
	}
	return file, err
}

// outOfMemoryKills counts the processes that the kernel killed for memory in
// this control group (version 2, then version 1); 0 where it can't be read.
func outOfMemoryKills() int {
	for _, name := range []string{"/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"} {
		text, err := contentOf(name)
		if err != nil {
			continue
		}
		for _, line := range bytes.Split(text, []byte("\n")) {
			if fields := bytes.Fields(line); len(fields) == 2 && string(fields[0]) == "oom_kill" {
				n, _ := strconv.Atoi(string(fields[1]))
				return n
			}
		}
	}
	return 0
}

func call(req request) (rep reply) {
	var once sync.Once
	var process *os.Process
	stop := func(why string) {
		once.Do(func() {
			rep.stopped = why
			syscall.Kill(-process.Pid, syscall.SIGKILL)
		})
	}
	overflow := func() { stop("output") }
	stdout := &bounded{limit: req.output, overflow: overflow}
	stderr := &bounded{limit: req.output, overflow: overflow}
	done := make(chan bool, 2)
	out, err := collect(stdout, done)
	if err != nil {
		rep.err = err.Error()
		return
	}
	errors, err := collect(stderr, done)
	if err != nil {
		rep.err = err.Error()
		return
	}
	null, err := os.Open(os.DevNull)
	if err != nil {
		rep.err = err.Error()
		return
	}
	if req.data > 0 {
		limit := syscall.Rlimit{Cur: req.data, Max: req.data}
		if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &limit); err != nil {
			rep.err = "limit memory: " + err.Error()
			return
		}
	}

	kills := outOfMemoryKills()
	start := time.Now()
	// A program that was killed for memory holds it for a moment, in which the
	// kernel may look for a second victim. Serve must not be it: the container
	// would end. So programs go first, which inherit it, then those that call them.
	killMeAt(1000)
	process, err = os.StartProcess(req.argv[0], req.argv, &os.ProcAttr{
		Dir:   req.dir,
		Env:   req.env,
		Files: []*os.File{null, out, errors},
		Sys:   &syscall.SysProcAttr{Setpgid: true},
	})
	killMeAt(900)
	if err != nil {
		rep.err = err.Error()
		return
	}
	null.Close()
	out.Close()
	errors.Close()
	timer := time.AfterFunc(req.timeout, func() { stop("timeout") })
	if req.watchStdin {
		go func() {
			for one := make([]byte, 1); ; {
				if _, err := os.Stdin.Read(one); err != nil {
					break
				}
			}
			stop("abandoned")
		}()
	}
	state, err := process.Wait()
	rep.duration = time.Since(start).Seconds()
	timer.Stop()
	once.Do(func() {}) // from here on nobody stops it, and Stopped is settled
	syscall.Kill(-process.Pid, syscall.SIGKILL)
	late := time.After(linger)
	for open := 2; open > 0; open-- {
		select {
		case <-done:
		case <-late:
			open = 0
		}
	}

	if err != nil {
		rep.err = err.Error()
		return
	}
	status := state.Sys().(syscall.WaitStatus)
	usage := state.SysUsage().(*syscall.Rusage)
	rep.exit = status.ExitStatus()
	if status.Signaled() {
		rep.exit = -1
		rep.signal = status.Signal().String()
	}
	rep.stdout, rep.stderr = stdout.content(), stderr.content()
	// The count is the whole container's: another program's kill must not be
	// taken for this one's. A child's kill is what `go build` dies of.
	killed := status.Signaled() && status.Signal() == syscall.SIGKILL ||
		rep.exit != 0 && bytes.Contains(rep.stderr, []byte("signal: killed"))
	if rep.stopped == "" && killed && outOfMemoryKills() > kills {
		rep.stopped = "memory"
	}
	rep.cpu = (state.UserTime() + state.SystemTime()).Seconds()
	rep.maxRSS = usage.Maxrss
	if runtime.GOOS != "darwin" { // kilobytes everywhere else
		rep.maxRSS *= 1024
	}
	return
}

// verbs are what the runner can do; each takes the arguments behind its name.
var verbs = map[string]func(args []string) error{
	"call": func(args []string) error {
		req, err := parse(args)
		if err == nil {
			call(req).write(os.Stdout)
		}
		return err
	},
}

func main() {
	err := fmt.Errorf("usage: runner call TIMEOUT DATA OUTPUT WATCH DIR N ENV... ARGV...")
	if len(os.Args) > 1 && verbs[os.Args[1]] != nil {
		err = verbs[os.Args[1]](os.Args[2:])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "runner:", err)
		os.Exit(1)
	}
}
