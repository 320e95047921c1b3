using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;

namespace Nub.Memory.Testing;

/// <summary>
/// Memory that a parser takes for a guest's, and that changes at the worst moments in a determined way. Proves in an ordinary test that
/// the parser reads each byte once.
/// </summary>
/// <remarks>
/// <para>It is ordinary shared memory to the parser: <see cref="Host"/> gives leases, views and stacks, and can be mapped into a
/// <see cref="GuestAddressSpace"/>. Only spans of it are refused (<see cref="SharedMemory.WithContents{TResult}(SharedMemoryContents{TResult})"/>), as of any memory that
/// another process may write: what is read through a span is not observed.</para>
/// <para>Other memories are as fast with this package as without it: the trait of a memory that sends its accesses here is one that each access looks at
/// anyway.</para>
/// <para>One thread at a time may use the members of this class; the parser may use any number of threads.</para>
/// </remarks>
public sealed class HostileMemory : IDisposable
{
    private readonly HostSharedMemory _own;
    private readonly ObservedAccess _access;
    private readonly byte[] _honest;
    private readonly List<(ulong Offset, ulong Length)> _rereads = [];

    /// <summary>Maps zeroed memory.</summary>
    /// <param name="size">The size in bytes, from 1 to <see cref="Array.MaxLength"/>. It need not be a multiple of a page: the byte after the last is out of bounds.</param>
    /// <exception cref="ArgumentOutOfRangeException">The size is 0 or too large.</exception>
    /// <exception cref="SharedMemoryMapException">The system refused the mapping.</exception>
    public HostileMemory(ulong size)
    {
        ArgumentOutOfRangeException.ThrowIfZero(size);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(size, (ulong)Array.MaxLength);
        _honest = new byte[size];
        Host = ObservedMapping.Create(size, out _access);
        _own = Host.Clone();
        Script = new GuestScript(this);
    }

    /// <summary>The memory, to be given to the parser.</summary>
    public HostSharedMemory Host { get; }

    /// <summary>What the guest does under <see cref="Record"/> and <see cref="Fuzz"/>; nothing, unless you say so. <see cref="AssertSingleFetch(Action)"/> plays a guest of its own.</summary>
    public GuestScript Script { get; }

    /// <summary>Every access of the last <see cref="Record"/>, also of one that threw; null before the first.</summary>
    public AccessLedger? Ledger { get; private set; }

    /// <summary>The size in bytes.</summary>
    public ulong Size => (ulong)_honest.Length;

    /// <summary>
    /// The most accesses that a parser may make of content that does not change; the memory is gone for any more. 1,000,000 unless set. A parser that polls needs
    /// content for which it ends.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">The limit is less than 1.</exception>
    public int MaxAccesses
    {
        get;
        set
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(value, 1);
            field = value;
        }
    } = 1_000_000;

    /// <summary>Writes the honest content: what the memory holds at the beginning of each run.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="bytes">The bytes.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Write(ulong offset, ReadOnlySpan<byte> bytes)
    {
        _own.CopyFrom(offset, bytes);
        bytes.CopyTo(_honest.AsSpan((int)offset));
    }

    /// <summary>Writes a value into the honest content, in the byte order of its type.</summary>
    /// <typeparam name="T">An AllValid type.</typeparam>
    /// <param name="offset">The first byte.</param>
    /// <param name="value">The value.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory. Nothing was written.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void Write<[AllValid] T>(ulong offset, T value) where T : unmanaged
    {
        _own.Write(offset, value);
        _own.CopyTo(offset, _honest.AsSpan((int)offset, Unsafe.SizeOf<T>()));
    }

    /// <summary>Takes what the memory holds now as the honest content: to be called after it was set up through <see cref="Host"/>, by a ring or a stack for example.</summary>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public void KeepContent() => _own.CopyTo(0, _honest);

    /// <summary>
    /// Tells of bytes that the parser reads again on purpose, such as an index that it polls or the word of a peer that may wait, where <see cref="RereadAttribute"/> cannot say so because
    /// the member that reads them is inlined. <see cref="AssertSingleFetch(Action)"/> leaves second reads of them alone.
    /// </summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">The number of bytes.</param>
    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    public void AllowReread(ulong offset, ulong length)
    {
        CheckBounds(offset, length);
        _rereads.Add((offset, length));
    }

    /// <summary>
    /// Proves that a parser fetches each byte once: runs it with the honest content, and then with every byte that it read changed after a read of it. Whatever
    /// the guest does, the outcome has to be the same: what was thrown, and the bytes written.
    /// </summary>
    /// <param name="parse">
    /// The parser. It is run many times, each time with the honest content, and has to do the same each time: so it keeps nothing from one run to the next.
    /// </param>
    /// <returns>What was seen.</returns>
    /// <remarks>
    /// <para>A byte that was read once is changed after that read, together with all others of its kind, in one run; where that makes a difference, the fewest of them that make one are looked for. A
    /// byte that was read several times is changed after each read but the last, by inverting each bit, all of them, by 0, and by one more and one less, in a run for each. Of a byte that was read
    /// more than 22 times, as in a loop, these are the first 16 reads and the four before the last. If the parser makes more than ten times as
    /// many accesses as usual and 1,000 more, the byte gets its honest value back, as a sequence lock expects of a writer; if it makes twice as many, the memory is gone.</para>
    /// <para>Not a double fetch: a byte that the parser has written in between, and a second read by a member that carries <see cref="RereadAttribute"/>. Of optimized code
    /// that attribute is found only if the member was not inlined; <see cref="AllowReread"/> says it of bytes.</para>
    /// </remarks>
    /// <exception cref="DoubleFetchException">The outcome differs: the parser has fetched a byte twice. The message names both places.</exception>
    /// <exception cref="InvalidOperationException">
    /// The parser read nothing, did not end within <see cref="MaxAccesses"/>, or two runs with the same content had different outcomes.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public SingleFetchReport AssertSingleFetch(Action parse)
    {
        ArgumentNullException.ThrowIfNull(parse);
        return new SingleFetchProof(this, () =>
        {
            parse();
            return Nothing.Instance;
        }, Outcome.AreEqual).Prove();
    }

    /// <inheritdoc cref="AssertSingleFetch(Action)"/>
    /// <summary>The same of a parser whose result counts too. Results are equal by <see cref="object.Equals(object)"/>, of sequences and tuples element by element.</summary>
    /// <typeparam name="T">The result.</typeparam>
    public SingleFetchReport AssertSingleFetch<T>(Func<T> parse)
    {
        ArgumentNullException.ThrowIfNull(parse);
        return new SingleFetchProof(this, () => parse(), Outcome.AreEqual).Prove();
    }

    /// <inheritdoc cref="AssertSingleFetch(Action)"/>
    /// <summary>The same of a parser whose results are compared as you say.</summary>
    /// <typeparam name="T">The result.</typeparam>
    /// <param name="parse">
    /// The parser. It is run many times, each time with the honest content, and has to do the same each time: so it keeps nothing from one run to the next.
    /// </param>
    /// <param name="comparer">Tells whether two results are the same.</param>
    public SingleFetchReport AssertSingleFetch<T>(Func<T> parse, IEqualityComparer<T> comparer)
    {
        ArgumentNullException.ThrowIfNull(parse);
        ArgumentNullException.ThrowIfNull(comparer);
        return new SingleFetchProof(this, () => parse(), (left, right) => comparer.Equals((T?)left, (T?)right)).Prove();
    }

    /// <summary>Runs a parser once, with the honest content beside the guest of the <see cref="Script"/>, and writes every access down.</summary>
    /// <param name="parse">The parser. What it throws comes through; <see cref="Ledger"/> then has what was done until then.</param>
    /// <returns>Every access, for assertions. Of the first 10,000 the stack is kept.</returns>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public AccessLedger Record(Action parse)
    {
        ArgumentNullException.ThrowIfNull(parse);
        Ledger = RunOnce(parse, [], SingleFetchProof.Stacks, out Exception? exception);
        if (exception is not null)
        {
            ExceptionDispatchInfo.Throw(exception);
        }

        return Ledger;
    }

    /// <summary>
    /// Runs a parser with many corrupt contents, beside the guest of the <see cref="Script"/>. Only bytes that it reads are corrupted; what makes it fail is shrunk to the fewest changes. A parser
    /// fails if it throws what is not expected, makes more than <see cref="MaxAccesses"/> accesses, or allocates more than it may.
    /// </summary>
    /// <param name="check">Runs the parser, and asserts your invariants: what it throws, a failed assertion included, is a failure unless it is expected. It keeps nothing from one run to the next.</param>
    /// <param name="options">The seed, the number of contents, and what is expected. The defaults otherwise, with a random seed.</param>
    /// <returns>How many different bytes the parser read.</returns>
    /// <exception cref="FuzzException">The parser failed. The message has the seed, which finds the same again.</exception>
    /// <exception cref="InvalidOperationException">The parser fails with the honest content, or reads nothing.</exception>
    /// <exception cref="ArgumentOutOfRangeException">The seed is 0, or a number of the options is less than 1.</exception>
    /// <exception cref="ObjectDisposedException">The memory was disposed.</exception>
    public int Fuzz(Action check, FuzzOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(check);
        options ??= new FuzzOptions();
        ArgumentOutOfRangeException.ThrowIfZero(options.Seed, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Rounds, 1, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MaxChanges, 1, nameof(options));
        return new Fuzzer(this, check, options).Run();
    }

    /// <summary>Releases the memory. <see cref="Host"/> is disposed too.</summary>
    public void Dispose()
    {
        Host.Dispose();
        _own.Dispose();
    }

    /// <summary>A byte of the honest content.</summary>
    internal byte HonestAt(int offset) => _honest[offset];

    internal bool MayReread(int offset) => _rereads.Exists(range => (ulong)offset - range.Offset < range.Length);

    /// <exception cref="SharedMemoryBoundsException">The range leaves the memory.</exception>
    internal void CheckBounds(ulong offset, ulong length)
    {
        if (!_own.Contains(offset, length))
        {
            throw new SharedMemoryBoundsException(offset, length, Size);
        }
    }

    /// <summary>Runs a parser once beside the guest of the script, with a content that differs from the honest one.</summary>
    internal AccessLedger RunOnce(Action parse, List<ContentChange> changes, int stacks, out Exception? exception)
    {
        long allocated = 0;
        Outcome outcome = Run(
            () =>
            {
                long before = GC.GetAllocatedBytesForCurrentThread();
                try
                {
                    parse();
                }
                finally
                {
                    allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                }

                return null;
            },
            new ObservationPlan { Rules = Script.ToRules(), Limit = MaxAccesses, Stacks = stacks },
            changes);
        exception = outcome.Exception;
        return new AccessLedger(outcome.Observation, allocated - outcome.Observation.Allocated, Size);
    }

    /// <summary>Runs a parser once, with the honest content or one that differs from it, beside a guest.</summary>
    internal Outcome Run(Func<object?> parse, ObservationPlan plan, List<ContentChange>? changes = null)
    {
        _own.CopyFrom(0, _honest);
        foreach (ContentChange change in changes ?? [])
        {
            _own.Write(change.Offset, change.Value);
        }

        object? result = null;
        Exception? exception = null;
        Observation observation;
        _access.Begin(plan);
        try
        {
            result = parse();
        }
        catch (Exception thrown)
        {
            exception = thrown;
        }
        finally
        {
            observation = _access.End();
        }

        if (observation.Failure is { } failure)
        {
            throw new InvalidOperationException("An access could not be written down, so that nothing is proved.", failure);
        }

        byte[] content = new byte[_honest.Length];
        _own.CopyTo(0, content);
        return new Outcome(result, exception, content, observation);
    }
}
