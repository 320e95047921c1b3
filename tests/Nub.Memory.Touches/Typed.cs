namespace Nub.Memory.Touches;

/// <summary>The accesses to values of one type.</summary>
internal abstract class Typed
{
    public abstract int Size { get; }

    public abstract IEnumerable<Case> Cases(HostSharedMemory host, int offset);
}

internal sealed unsafe class Typed<[AllValid] T> : Typed where T : unmanaged
{
    private T _value;

    public override int Size => sizeof(T);

    public override IEnumerable<Case> Cases(HostSharedMemory host, int offset)
    {
        ulong at = (ulong)offset;
        Bytes[] bytes = [new(offset, Size)];
        yield return Read("Read", () => _value = host.Read<T>(at));
        yield return Read("TryRead", () => host.TryRead(at, out _value));
        yield return Write("Write", () => host.Write(at, _value));
        yield return Write("TryWrite", () => host.TryWrite(at, _value));
        yield return Read("view.Load", () => _value = SharedView.At<T>(host, at).Load());
        yield return Write("view.Store", () => SharedView.At<T>(host, at).Store(_value));
        yield return Read("array[0]", () => _value = SharedArrayView.At<T>(host, at, 1)[0]);
        yield return Write("array[0]=", () =>
        {
            SharedArrayView<T> array = SharedArrayView.At<T>(host, at, 1);
            array[0] = _value;
        });
        yield return Read("lease.Read", () =>
        {
            using HostLease lease = host.Enter();
            _value = lease.Read<T>(at);
        });
        yield return Read("lease.TryRead", () =>
        {
            using HostLease lease = host.Enter();
            lease.TryRead(at, out _value);
        });
        yield return Write("lease.Write", () =>
        {
            using HostLease lease = host.Enter();
            lease.Write(at, _value);
        });
        yield return Write("lease.TryWrite", () =>
        {
            using HostLease lease = host.Enter();
            lease.TryWrite(at, _value);
        });
        yield return Read("lease view.Load", () =>
        {
            using HostLease lease = host.Enter();
            _value = SharedView.At<T>(in lease, at).Load();
        });
        yield return Write("lease view.Store", () =>
        {
            using HostLease lease = host.Enter();
            SharedView.At<T>(in lease, at).Store(_value);
        });

        Case Read(string name, Action run) => new($"{name} of {typeof(T).Name} at {offset}", host, bytes, [], run);
        Case Write(string name, Action run) => new($"{name} of {typeof(T).Name} at {offset}", host, [], bytes, run);
    }
}

/// <summary>Fields of every scalar size, in both byte orders.</summary>
[AllValid]
internal partial struct Wire
{
    public ulong Address;
    public uint Length;
    [BigEndian] public ushort Port;
    public byte Queue;
    public byte Flags;
}

/// <summary>Nested, and with an array.</summary>
[AllValid]
internal partial struct Outer
{
    public Wire Inner;
    [BigEndian] public ulong Cookie;
    public B5 Tail;
    public B3 Rest;
}

/// <summary>A type whose values are checked on the copy.</summary>
[ValidateOnRead]
internal partial struct Checked
{
    public uint Length;
    public bool Flag;
    public byte Other;
    public ushort Last;
}
