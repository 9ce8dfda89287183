"""Reading the listing of Go's compiler: functions, map calls and nil stores.

A listing is what ``go tool compile -S`` or ``go build -gcflags=-S`` prints. ``functions`` turns
it into functions and instructions; ``facts`` says which runtime map functions it calls and where
it stores nil into a package-level variable. Both read a stream: a listing can be hundreds of
megabytes long.

A *nil store* is machine code that stores nil into a pointer word of a package-level variable: a
map, pointer, chan or func, the first word of a slice, the words of an interface, and such a word
inside a struct or array. It is reported under the variable's symbol, once per source line. An
interface that gets a type and a nil pointer is not nil, and is not reported; nor is a string that
becomes empty, if the listing tells that it is a string.

The modules, each using only those above it:

    listing   text → functions, instructions, data symbols (every dialect from Go 1.2 on)
    operands  the operands of an instruction
    sieve     which functions may store into a variable at all
    flow      what each register holds: follows values to their definition, addresses to symbols
    reading   facts: which stores are nil stores, given all that a package's listing tells
"""

from harness.assembly.listing import Function, Instruction, functions
from harness.assembly.reading import Call, Facts, NilStore, facts, instructions_of

__all__ = [
    "Call",
    "Facts",
    "Function",
    "Instruction",
    "NilStore",
    "facts",
    "functions",
    "instructions_of",
]
