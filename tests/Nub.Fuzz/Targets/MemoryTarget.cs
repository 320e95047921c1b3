using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Fuzz.Engine;
using Nub.Memory;

namespace Nub.Fuzz.Targets;

/// <summary>
/// The accesses of a memory and of a guest's addresses, with offsets, addresses and lengths that an attacker would choose: each says and does what <see cref="MemoryModel"/> computes with 128 bits
/// over a plain array.
/// </summary>
internal sealed class MemoryTarget : FuzzTarget
{
    private const int MaxOperations = 40;
    private const int MostBytes = 700;

    private readonly HostSharedMemory _host;
    private readonly byte[] _noise = new byte[MemoryModel.Size];
    private readonly byte[] _contents = new byte[MemoryModel.Size];
    private readonly byte[] _buffer = new byte[MostBytes];

    public MemoryTarget()
    {
        _host = OwnMemory(MemoryModel.Size);
        for (int i = 0; i < _noise.Length; i++)
        {
            _noise[i] = (byte)((i * 7) + (i / 251));
        }
    }

    public override string Name => "memory";

    public override int MaxLength => 256;

    public override IEnumerable<byte[]> Seeds =>
    [
        [0, 0, 0, 3, 8, 0, 1, 4, 3, 4, 4, 5],
        [2, 3, 2, 0, 1, 32, 7, 2, 0, 1, 32, 2, 0, 16, 2, 32, 0, 2, 0, 3, 1, 0, 8, 1, 3, 4, 2, 5, 2, 3, 6, 3, 5, 7, 3, 5],
        [4, 5, 255, 2, 255, 0, 5, 128, 2, 100, 0, 3, 200, 0, 0, 3, 210, 9, 5, 8, 5, 4, 4, 5, 2, 8, 4, 3, 9, 0, 0, 5],
    ];

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        var model = new MemoryModel(_noise);
        _host.CopyFrom(0, _noise);
        using var space = new GuestAddressSpace();
        DirtyBitmap? bitmap = null;
        int regions = input.Below(5);
        for (int i = 0; i < regions; i++)
        {
            Map(ref input, space, model);
        }

        if (input.Below(3) == 0)
        {
            bitmap = new DirtyBitmap(0, MemoryModel.Tracked, 512);
            space.TrackWrites(bitmap);
        }

        for (int i = 0; i < MaxOperations && !input.IsEmpty; i++)
        {
            bool isGuest = input.Bool();
            UInt128 limit = model.Limit(ref input, isGuest);
            ulong address = input.Hostile((ulong)limit);
            Operate(ref input, isGuest ? space : null, model, address);
            if (isGuest)
            {
                Require(model.Written.All(page => bitmap is null || bitmap.IsDirty(page * 512)), "what was written through the space is marked");
            }
        }

        _host.CopyTo(0, _contents);
        Require(_contents.AsSpan().SequenceEqual(model.Bytes), "the memory has what the model has");
    }

    private void Map(ref FuzzInput input, GuestAddressSpace space, MemoryModel model)
    {
        ulong address = input.Hostile(model.EndOfLast);
        ulong offset = input.Hostile(MemoryModel.Size);
        ulong length = input.Hostile(MemoryModel.Size);
        bool isLegal = model.TryMap(address, offset, length);
        bool isMapped;
        try
        {
            space.Map(address, _host, offset, length);
            isMapped = true;
        }
        catch (Exception refusal) when (refusal is ArgumentException or SharedMemoryBoundsException)
        {
            isMapped = false;
        }

        Require(isMapped == isLegal, $"a region of {length} bytes at 0x{address:X} from {offset} is {(isLegal ? "mapped" : "refused")}");
    }

    private void Operate(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address)
    {
        switch (input.Below(11))
        {
            case 0:
                ulong length = input.Hostile(MemoryModel.Size);
                Require(
                    (space is null ? _host.Contains(address, length) : space.Contains(address, length)) == model.Contains(space is not null, address, length),
                    $"whether {length} bytes at 0x{address:X} are there");
                break;
            case 1:
                Read(ref input, space, model, address);
                break;
            case 2:
                Write(ref input, space, model, address);
                break;
            case 3:
                Span<byte> copied = _buffer.AsSpan(0, input.Word() % MostBytes);
                copied.Fill(0xEE);
                bool isThere = model.Contains(space is not null, address, (ulong)copied.Length);
                Require((space is null ? _host.TryCopyTo(address, copied) : space.TryCopyTo(address, copied)) == isThere, $"whether {copied.Length} bytes at 0x{address:X} are copied");
                Require(isThere ? model.Holds(space is not null, address, copied) : !copied.ContainsAnyExcept((byte)0xEE), "what is copied, or that nothing is");
                break;
            case 4:
                Span<byte> source = _buffer.AsSpan(0, input.Word() % MostBytes);
                source.Fill(input.Byte());
                Require(
                    (space is null ? _host.TryCopyFrom(address, source) : space.TryCopyFrom(address, source)) == model.Store(space is not null, address, source),
                    $"whether {source.Length} bytes at 0x{address:X} are written");
                break;
            case 5:
                Fill(ref input, space, model, address);
                break;
            case 6:
                Atomic(ref input, space, model, address, 4);
                break;
            case 7:
                Atomic(ref input, space, model, address, 8);
                break;
            case 8:
                Array(ref input, space, model, address);
                break;
            case 9 when space is null:
                View(ref input, model, address);
                break;
            default:
                Read(ref input, space, model, address);
                break;
        }
    }

    private void Read(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address)
    {
        switch (input.Below(5))
        {
            case 0:
                Check(space is null ? _host.TryRead(address, out byte one) : space.TryRead(address, out one), one);
                break;
            case 1:
                Check(space is null ? _host.TryRead(address, out ushort two) : space.TryRead(address, out two), two);
                break;
            case 2:
                Check(space is null ? _host.TryRead(address, out uint four) : space.TryRead(address, out four), four);
                break;
            case 3:
                Check(space is null ? _host.TryRead(address, out UInt128 sixteen) : space.TryRead(address, out sixteen), sixteen);
                break;
            default:
                Check(space is null ? _host.TryRead(address, out ulong eight) : space.TryRead(address, out eight), eight);
                break;
        }

        void Check<T>(bool isRead, T value) where T : unmanaged
        {
            bool isThere = model.IsInOne(space is not null, address, (ulong)Unsafe.SizeOf<T>());
            Require(isRead == isThere, $"whether a {typeof(T).Name} at 0x{address:X} is read");
            Require(isThere ? model.Holds(space is not null, address, MemoryMarshal.AsBytes([value])) : value.Equals(default(T)), $"the {typeof(T).Name} at 0x{address:X}");
        }
    }

    private void Write(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address)
    {
        ulong value = input.Quad();
        switch (input.Below(4))
        {
            case 0:
                Check(space is null ? _host.TryWrite(address, (byte)value) : space.TryWrite(address, (byte)value), (byte)value);
                break;
            case 1:
                Check(space is null ? _host.TryWrite(address, (ushort)value) : space.TryWrite(address, (ushort)value), (ushort)value);
                break;
            case 2:
                Check(space is null ? _host.TryWrite(address, (Int128)value) : space.TryWrite(address, (Int128)value), (Int128)value);
                break;
            default:
                Check(space is null ? _host.TryWrite(address, value) : space.TryWrite(address, value), value);
                break;
        }

        void Check<T>(bool isWritten, T value) where T : unmanaged
        {
            ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes([value]);
            bool isThere = model.IsInOne(space is not null, address, (ulong)bytes.Length);
            Require(isWritten == isThere, $"whether a {typeof(T).Name} at 0x{address:X} is written");
            _ = isThere && model.Store(space is not null, address, bytes);
        }
    }

    private void Fill(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address)
    {
        ulong length = input.Hostile(MemoryModel.Size);
        byte value = input.Byte();
        bool isThere = model.Contains(space is not null, address, length);
        Require((space is null ? _host.TryFill(address, length, value) : space.TryFill(address, length, value)) == isThere, $"whether {length} bytes at 0x{address:X} are filled");
        if (isThere)
        {
            byte[] filled = new byte[length];
            filled.AsSpan().Fill(value);
            model.Store(space is not null, address, filled);
        }
    }

    private void Atomic(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address, int size)
    {
        ulong value = size == 8 ? input.Quad() : input.Double();
        int operation = input.Below(5);
        bool isDone;
        ulong result;
        if (size == 8)
        {
            isDone = space is null ? HostAtomic(operation, address, value, out result) : GuestAtomic(space, operation, address, value, out result);
        }
        else
        {
            isDone = space is null ? HostAtomic(operation, address, (uint)value, out uint half) : GuestAtomic(space, operation, address, (uint)value, out half);
            result = half;
        }

        bool isThere = model.IsAtomic(space is not null, address, (ulong)size);
        Require(isDone == isThere, $"whether an atomic of {size} bytes at 0x{address:X} is done");
        if (!isThere)
        {
            Require(result == 0, "the result is 0 when nothing is done");
            return;
        }

        ulong old = model.Load(space is not null, address, size);
        ulong changed = operation switch { 0 => unchecked(old + value), 1 => old & value, 2 => old | value, 3 => value, _ => old == 0 ? value : old };
        changed = size == 8 ? changed : (uint)changed;
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, changed);
        model.Store(space is not null, address, bytes[..size]);
        Require(result == (operation == 0 ? changed : old), "an atomic's result");
    }

    private bool HostAtomic<[AllValid] T>(int operation, ulong address, T value, out T result) where T : unmanaged => operation switch
    {
        0 => _host.TryAdd(address, value, out result),
        1 => _host.TryAnd(address, value, out result),
        2 => _host.TryOr(address, value, out result),
        3 => _host.TryExchange(address, value, out result),
        _ => _host.TryCompareExchange(address, value, default, out result),
    };

    private static bool GuestAtomic<[AllValid] T>(GuestAddressSpace space, int operation, ulong address, T value, out T result) where T : unmanaged => operation switch
    {
        0 => space.TryAdd(address, value, out result),
        1 => space.TryAnd(address, value, out result),
        2 => space.TryOr(address, value, out result),
        3 => space.TryExchange(address, value, out result),
        _ => space.TryCompareExchange(address, value, default, out result),
    };

    private void Array(ref FuzzInput input, GuestAddressSpace? space, MemoryModel model, ulong address)
    {
        Span<ushort> words = MemoryMarshal.Cast<byte, ushort>(_buffer.AsSpan(0, 2 * (input.Word() % (MostBytes / 2))));
        words.Fill(input.Word());
        bool isThere = model.Contains(space is not null, address, 2 * (ulong)words.Length);
        if (input.Bool())
        {
            Require((space is null ? _host.TryWriteArray<ushort>(address, words) : space.TryWriteArray<ushort>(address, words)) == isThere, "whether an array is written");
            _ = isThere && model.Store(space is not null, address, MemoryMarshal.AsBytes(words));
        }
        else
        {
            Require((space is null ? _host.TryReadArray(address, words) : space.TryReadArray(address, words)) == isThere, "whether an array is read");
            Require(!isThere || model.Holds(space is not null, address, MemoryMarshal.AsBytes(words)), "the words of an array");
        }
    }

    private void View(ref FuzzInput input, MemoryModel model, ulong address)
    {
        ulong count = input.Hostile(MemoryModel.Size / 4);
        bool isThere = (UInt128)address + ((UInt128)4 * count) <= MemoryModel.Size;
        Require(SharedArrayView.TryAt(_host, address, count, out SharedArrayView<uint> view) == isThere, $"whether {count} elements at 0x{address:X} are bound");
        ulong index = input.Hostile(count);
        isThere &= index < count;
        Require(view.TryRead(index, out uint value) == isThere, "whether an element is read");
        Require(value == (isThere ? (uint)model.Load(false, address + (4 * index), 4) : 0), "an element");
        value = input.Double();
        Require(view.TryWrite(index, value) == isThere, "whether an element is written");
        _ = isThere && model.Store(false, address + (4 * index), BitConverter.GetBytes(value));
    }
}
