namespace Nub.Memory.Touches;

/// <summary>The memories, and all accesses to them.</summary>
internal sealed partial class Subject : IDisposable
{
    private const int Size = 64 << 10;

    // Behind the first cache lines, and up to an end of a page.
    private static readonly int[] s_offsets = [64, 67, 4096 - 24];
    private static readonly int[] s_lengths = [.. Enumerable.Range(0, 65), 65, 66, 100, 127, 128, 129, 191, 192, 255, 256, 257, 447, 511, 512, 513,
        575, 700, 1023, 1024, 1025, 2000, 4095, 4096, 4097, 5000, 9000, 16_385, 32_768, 50_001];

    private readonly HostSharedMemory _host;
    private readonly GuestSharedMemory _guest;
    private readonly ExclusiveSharedMemory _exclusive = new(Size);
    private readonly ReadOnlySharedMemory _snapshot = ReadOnlySharedMemory.FromBytes(new byte[Size]);
    private readonly byte[] _buffer = new byte[Size];
    private ulong _result;
    private bool _done;

    private readonly GuestAddressSpace _space = new();

    public Subject()
    {
        (_host, _guest) = new ExclusiveSharedMemory(Size).Build();
        _space.Map(0, _host, 0, Size);
    }

    public IEnumerable<Case> Cases(Func<int, bool> wanted) =>
    [
        .. AllTypes.All.Where(type => wanted(type.Size)).SelectMany(type => s_offsets.SelectMany(offset => type.Cases(_host, offset))),
        .. s_lengths.Where(wanted).SelectMany(length => s_offsets.SelectMany(offset => Bulk(offset, length))),
        .. Fields(),
        .. Validated(),
        .. Atomics(),
        .. Arrays(wanted),
        .. Accessors(),
        .. s_lengths.Where(length => length <= 9000 && wanted(length)).SelectMany(Stack),
        .. RefusedStacks(),
    ];

    /// <summary>What must be found at fault, or the tracer is worth nothing; the last is right.</summary>
    public unsafe IEnumerable<Case> Controls() =>
    [
        new("control: read twice", _host, [new(64, 8)], [], () => _result = Volatile.Read(ref *Place) + Volatile.Read(ref *Place)),
        new("control: not read", _host, [new(64, 16)], [], () => _result = Volatile.Read(ref *Place)),
        new("control: read beside", _host, [new(64, 4)], [], () => _result = Volatile.Read(ref *Place)),
        new("control: written as well", _host, [new(64, 8)], [], () => Interlocked.Exchange(ref *Place, 1)),
        new("control: copied by memmove, which reads twice", _host, [new(64, 13)], [],
            () => new ReadOnlySpan<byte>(Place, 13).CopyTo(_buffer)),
        new("right", _host, [new(64, 8)], [], () => _result = Volatile.Read(ref *Place)),
    ];

    // Sound: within the memory, which this object owns and does not dispose meanwhile.
    private unsafe ulong* Place => (ulong*)(_host.BaseAddress + 64);

    public void Dispose()
    {
        _space.Dispose();
        _host.Dispose();
        _guest.Dispose();
        _exclusive.Dispose();
        _snapshot.Dispose();
    }

    private IEnumerable<Case> Bulk(int offset, int length)
    {
        ulong at = (ulong)offset;
        Bytes[] bytes = [new(offset, length)];
        Memory<byte> buffer = _buffer.AsMemory(1, length);
        yield return Read("CopyTo", _host, () => _host.CopyTo(at, buffer.Span));
        yield return Read("TryCopyTo", _host, () => _done = _host.TryCopyTo(at, buffer.Span));
        yield return Write("CopyFrom", _host, () => _host.CopyFrom(at, buffer.Span));
        yield return Write("TryCopyFrom", _host, () => _done = _host.TryCopyFrom(at, buffer.Span));
        yield return Write("Fill", _host, () => _host.Fill(at, (ulong)length, 7));
        yield return Write("TryFill", _host, () => _done = _host.TryFill(at, (ulong)length, 8));
        yield return Read("lease.CopyTo", _host, () =>
        {
            using HostLease lease = _host.Enter();
            lease.CopyTo(at, buffer.Span);
        });
        yield return Write("lease.CopyFrom", _host, () =>
        {
            using HostLease lease = _host.Enter();
            lease.CopyFrom(at, buffer.Span);
        });
        yield return Write("lease.Fill", _host, () =>
        {
            using HostLease lease = _host.Enter();
            lease.Fill(at, (ulong)length, 9);
        });
        yield return Read("exclusive.CopyTo", _exclusive, () => _exclusive.CopyTo(at, buffer.Span));
        yield return Write("exclusive.CopyFrom", _exclusive, () => _exclusive.CopyFrom(at, buffer.Span));
        yield return Read("snapshot.CopyTo", _snapshot, () => _snapshot.CopyTo(at, buffer.Span));

        Case Read(string name, SharedMemory memory, Action run) => new($"{name} of {length} bytes at {offset}", memory, bytes, [], run);
        Case Write(string name, SharedMemory memory, Action run) => new($"{name} of {length} bytes at {offset}", memory, [], bytes, run);
    }

    private IEnumerable<Case> Fields()
    {
        yield return new("Wire.Address", _host, [new(128, 8)], [], () => _result = Wire.At(_host, 128).Address);
        yield return new("Wire.Length", _host, [new(136, 4)], [], () => _result = Wire.At(_host, 128).Length);
        yield return new("Wire.Port", _host, [new(140, 2)], [], () => _result = Wire.At(_host, 128).Port);
        yield return new("Wire.Queue", _host, [new(142, 1)], [], () => _result = Wire.At(_host, 128).Queue);
        yield return new("Wire.Port, unaligned", _host, [new(141, 2)], [], () => _result = Wire.At(_host, 129).Port);
        yield return new("Wire.Address=", _host, [], [new(128, 8)], () =>
        {
            Wire.View view = Wire.At(_host, 128);
            view.Address = 3;
        });
        yield return new("Wire.Port=", _host, [], [new(140, 2)], () =>
        {
            Wire.View view = Wire.At(_host, 128);
            view.Port = 3;
        });
        yield return new("lease Wire.Length=", _host, [], [new(136, 4)], () =>
        {
            using HostLease lease = _host.Enter();
            Wire.View view = Wire.At(in lease, 128);
            view.Length = 3;
        });
        yield return new("lease Wire.Port", _host, [new(140, 2)], [], () =>
        {
            using HostLease lease = _host.Enter();
            _result = Wire.At(in lease, 128).Port;
        });
        yield return new("Outer.Inner.Length", _host, [new(136, 4)], [], () => _result = Outer.At(_host, 128).Inner.Length);
        yield return new("Outer.Cookie", _host, [new(144, 8)], [], () => _result = Outer.At(_host, 128).Cookie);
        yield return new("Wire.ArrayAt[2].Length", _host, [new(128 + 32 + 8, 4)], [], () => _result = Wire.ArrayAt(_host, 128, 4)[2].Length);
        yield return new("Outer.Load", _host, [new(128, 32)], [], () => _result = Outer.At(_host, 128).Load().Cookie);
        yield return new("Outer.Store", _host, [], [new(128, 32)], () => Outer.At(_host, 128).Store(default));
    }

    private IEnumerable<Case> Validated()
    {
        foreach (int offset in s_offsets)
        {
            ulong at = (ulong)offset;
            foreach (byte flag in (byte[])[0, 1, 2])
            {
                void Prepare() => _host.Write(at + 4, flag);
                yield return new($"TryReadValidated at {offset} of {flag}", _host, [new(offset, 8)], [],
                    () => _done = _host.TryReadValidated(at, out Checked _), Prepare);
                yield return new($"lease.TryReadValidated at {offset} of {flag}", _host, [new(offset, 8)], [],
                    () =>
                    {
                        using HostLease lease = _host.Enter();
                        _done = lease.TryReadValidated(at, out Checked _);
                    },
                    Prepare);
            }
        }
    }

    private IEnumerable<Case> Accessors()
    {
        yield return new("ReadByte", _exclusive, [new(65, 1)], [], () => _result = _exclusive.ReadByte(65));
        yield return new("ReadUInt16", _exclusive, [new(65, 2)], [], () => _result = _exclusive.ReadUInt16(65));
        yield return new("ReadUInt32", _exclusive, [new(65, 4)], [], () => _result = _exclusive.ReadUInt32(65));
        yield return new("ReadUInt64", _exclusive, [new(64, 8)], [], () => _result = _exclusive.ReadUInt64(64));
        yield return new("ReadUIntPtr", _exclusive, [new(64, 8)], [], () => _result = _exclusive.ReadUIntPtr(64));
        yield return new("WriteByte", _exclusive, [], [new(65, 1)], () => _exclusive.WriteByte(65, 1));
        yield return new("WriteUInt16", _exclusive, [], [new(65, 2)], () => _exclusive.WriteUInt16(65, 1));
        yield return new("WriteUInt32", _exclusive, [], [new(65, 4)], () => _exclusive.WriteUInt32(65, 1));
        yield return new("WriteInt64", _exclusive, [], [new(64, 8)], () => _exclusive.WriteInt64(64, 1));
    }
}
