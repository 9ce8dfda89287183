package main

// What the runner can do more inside a container:
//
//	runner unpack DIR        unpack a tar archive from standard input into DIR
//	runner read FILE         print FILE; exit code 3 when there is none
//	runner serve DIR CACHE   make DIR, then run the other verbs on request
//
// A container's main process is serve: a request on its standard input costs
// a millisecond, starting a process from outside the container fifty. It ends
// with its standard input, and the container with it.

import (
	"archive/tar"
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"io/ioutil"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

func init() {
	verbs["unpack"] = func(args []string) error { return unpack(args[0]) }
	verbs["read"] = func(args []string) error { return read(args[0]) }
	verbs["serve"] = func(args []string) error { return serve(args[0], args[1]) }
}

func unpack(dir string) error {
	archive := tar.NewReader(os.Stdin)
	for {
		header, err := archive.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		name := filepath.Join(dir, filepath.Clean("/"+header.Name))
		if err := os.MkdirAll(filepath.Dir(name), 0777); err != nil {
			return err
		}
		file, err := os.OpenFile(name, os.O_CREATE|os.O_WRONLY|os.O_TRUNC, os.FileMode(header.Mode))
		if err != nil {
			return err
		}
		if _, err := io.Copy(file, archive); err != nil {
			return err
		}
		if err := file.Close(); err != nil {
			return err
		}
	}
}

// exitNoFile is the exit code of read when the file does not exist.
const exitNoFile = 3

func read(name string) error {
	file, err := os.Open(name)
	if os.IsNotExist(err) {
		os.Exit(exitNoFile)
	}
	if err != nil {
		return err
	}
	_, err = io.Copy(os.Stdout, file)
	return err
}

// frame is one piece of an answer on standard output: its header is a line of
// the request's id, a stream (1 or 2 for those of the process, 0 for its end)
// and the number of bytes that follow, or the exit code at the end.
func frame(id, stream, number int, content []byte) {
	framing.Lock()
	defer framing.Unlock()
	fmt.Printf("%d %d %d\n", id, stream, number)
	os.Stdout.Write(content)
}

var framing sync.Mutex

type outlet struct{ id, stream int }

func (o outlet) Write(p []byte) (int, error) {
	frame(o.id, o.stream, len(p), p)
	return len(p), nil
}

// A server runs the runner's other verbs, each in a process of its own, so
// that nothing they need stays with this one.
type server struct {
	mutex   sync.Mutex
	running int
	alone   bool // in this PID namespace there are only processes of ours
}

func (s *server) start(id int, argv []string, input io.Reader) {
	cmd := exec.Command(os.Args[0], argv...)
	cmd.Env = []string{} // Go itself would read GOMAXPROCS and GODEBUG from it
	cmd.Stdout, cmd.Stderr = outlet{id, 1}, outlet{id, 2}
	stdin, err := cmd.StdinPipe()
	kills := outOfMemoryKills()
	if err == nil {
		s.mutex.Lock()
		if err = cmd.Start(); err == nil {
			s.running++
		}
		s.mutex.Unlock()
	}
	if err == nil {
		io.Copy(stdin, input)
		stdin.Close()
	}
	io.Copy(ioutil.Discard, input) // the next request stands behind it
	if err != nil {
		text := err.Error()
		frame(id, 2, len(text), []byte(text))
		frame(id, 0, 1, nil)
		return
	}
	go func() {
		cmd.Wait()
		s.ended()
		status := cmd.ProcessState.Sys().(syscall.WaitStatus)
		if argv[0] == "call" && status.Signaled() && outOfMemoryKills() > kills {
			reply{exit: -1, signal: "killed", stopped: "memory"}.write(outlet{id, 1})
		}
		frame(id, 0, status.ExitStatus(), nil)
	}()
}

// ended kills, when nothing is to run any more, what programs left behind.
func (s *server) ended() {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.running--
	if s.running > 0 || !s.alone {
		return
	}
	for deadline := time.Now().Add(linger); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if syscall.Kill(-1, syscall.SIGKILL) == syscall.ESRCH {
			return
		}
	}
}

// isMainProcess says whether the container's init started this very command,
// so that every other process here is below it.
func isMainProcess() bool {
	command, _ := contentOf("/proc/1/cmdline")
	return os.Getpid() == 1 || os.Getppid() == 1 && bytes.Contains(command, []byte("\x00"+os.Args[0]+"\x00serve\x00"))
}

func serve(dir, cache string) error {
	if err := link(cache, filepath.Join(dir, "gocache")); err != nil {
		return err
	}
	s := &server{alone: isMainProcess()}
	input := bufio.NewReader(os.Stdin)
	frame(0, 0, 0, nil) // ready
	for {
		line, err := input.ReadString('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var req struct {
			ID   int
			Argv []string
			Size int64 // bytes of standard input, which follow
		}
		if err := json.Unmarshal([]byte(line), &req); err != nil {
			return err
		}
		s.start(req.ID, req.Argv, io.LimitReader(input, req.Size))
	}
}

// link makes a build cache that can be written to out of one that cannot, by
// a symbolic link for each of its entries.
func link(from, to string) error {
	if err := os.MkdirAll(to, 0777); err != nil {
		return err
	}
	entries, err := filepath.Glob(filepath.Join(from, "??", "*"))
	if err != nil || len(entries) == 0 {
		return err
	}
	for _, entry := range entries {
		folder := filepath.Join(to, filepath.Base(filepath.Dir(entry)))
		if err := os.MkdirAll(folder, 0777); err != nil {
			return err
		}
		if err := os.Symlink(entry, filepath.Join(folder, filepath.Base(entry))); err != nil {
			return err
		}
	}
	// Trimmed just now, or go would remove the entries of an old image.
	now := fmt.Sprint(time.Now().Unix())
	return ioutil.WriteFile(filepath.Join(to, "trim.txt"), []byte(now), 0666)
}
