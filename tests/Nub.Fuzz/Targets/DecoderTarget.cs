using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Fuzz.Engine;
using Nub.Memory;

// The memory is not written meanwhile, and the ways to read the same bytes are to agree.
#pragma warning disable NUB0010
namespace Nub.Fuzz.Targets;

/// <summary>What is generated for structs, over any bytes and at the end of a memory: each accessor gives what BinaryPrimitives reads, and gives nothing that its type does not allow.</summary>
internal sealed class DecoderTarget : FuzzTarget
{
    private const int Memory = 4096;
    private const int Length = 128;
    private const int First = Memory - Length;

    private readonly HostSharedMemory _host;
    private readonly byte[] _bytes = new byte[Length];

    public DecoderTarget() => _host = OwnMemory(Memory);

    public override string Name => "decoders";

    public override int MaxLength => Length + 3;

    public override IEnumerable<byte[]> Seeds =>
    [
        [0, 1, 0, 2, 0, 1, 5, 3, 4, 5, 6, 7, 8],
        [100, 0, 16, .. new byte[100], 1, 1, 5, 0, 0, 1, 1, 0, 2, 0, 44, 1, 16, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 128],
    ];

    private ReadOnlySpan<byte> At(int at) => _bytes.AsSpan(at);

    public override void Run(ReadOnlySpan<byte> bytes)
    {
        var input = new FuzzInput(bytes);
        int at = input.Byte() % (Length + 8);
        ulong max = input.Byte();
        int cut = input.Byte() % 64;
        Array.Clear(_bytes);
        ReadOnlySpan<byte> content = input.TakeAll();
        content[..Math.Min(content.Length, Length)].CopyTo(_bytes);
        _host.CopyFrom(First, _bytes);
        ulong offset = First + (ulong)at;
        CheckPacked(offset, at);
        CheckBits(offset, at);
        CheckTagged(offset, at);
        CheckEvent(offset, at);
        CheckTails(offset, at, max, cut);
        CheckCommand(offset, at);
        Span<byte> after = stackalloc byte[Length];
        _host.CopyTo(First, after);
        Require(after.SequenceEqual(_bytes), "reading and writing back leaves the bytes as they are");
    }

    private static bool Fits<T>(int at) where T : unmanaged => at + Unsafe.SizeOf<T>() <= Length;

    private void CheckPacked(ulong offset, int at)
    {
        Require(_host.TryAt(offset, out Packed.View view) == Fits<Packed>(at), "whether a view is bound");
        Require(_host.TryRead(offset, out Packed whole) == Fits<Packed>(at), "whether a struct is read");
        if (!Fits<Packed>(at))
        {
            return;
        }

        ReadOnlySpan<byte> bytes = At(at);
        Require(view.First == bytes[0] && whole.First == bytes[0], "Packed.First");
        Require(view.Little == BinaryPrimitives.ReadUInt16LittleEndian(bytes[1..]) && whole.Little == view.Little, "Packed.Little");
        Require(view.Big == BinaryPrimitives.ReadUInt32BigEndian(bytes[3..]) && whole.Big == view.Big, "Packed.Big");
        Require(view.Signed == BinaryPrimitives.ReadInt64LittleEndian(bytes[7..]) && whole.Signed == view.Signed, "Packed.Signed");
        for (int i = 0; i < 2; i++)
        {
            Require(view.Turned[i] == BinaryPrimitives.ReadUInt32BigEndian(bytes[(15 + (4 * i))..]) && whole.Turned[i] == view.Turned[i], "Packed.Turned");
        }

        Require(view.NestedView().Id == BinaryPrimitives.ReadUInt16LittleEndian(bytes[23..]) && whole.Nested.Id == view.NestedView().Id, "Packed.Nested.Id");
        Require(view.NestedView().Value == BinaryPrimitives.ReadUInt16BigEndian(bytes[25..]) && whole.Nested.Value == view.NestedView().Value, "Packed.Nested.Value");

        // Back again, field by field and as a whole.
        view.Big = whole.Big;
        view.Signed = whole.Signed;
        view.NestedView().Value = whole.Nested.Value;
        _host.Write(offset, whole);
    }

    private void CheckBits(ulong offset, int at)
    {
        if (!Fits<Bits>(at))
        {
            return;
        }

        Bits.View view = Bits.At(_host, offset);
        Bits whole = view.Load();
        uint flags = BinaryPrimitives.ReadUInt32LittleEndian(At(at));
        Require(view.IsPresent == ((flags & 1) != 0) && whole.IsPresent == view.IsPresent, "Bits.IsPresent");
        Require(view.Priority == ((flags >> 4) & 7) && whole.Priority == view.Priority, "Bits.Priority");
        Require(view.Delta == (int)flags >> 8 && whole.Delta == view.Delta, "Bits.Delta");
        Require(view.Version == BinaryPrimitives.ReadUInt16BigEndian(At(at + 4)) >> 12 && whole.Version == view.Version, "Bits.Version");
        Require(view.Sign == ((sbyte)_bytes[at + 6] >> 7) && whole.Sign == view.Sign, "Bits.Sign");
        view.Delta = whole.Delta;
        view.Version = whole.Version;
        view.Sign = whole.Sign;
    }

    private void CheckTagged(ulong offset, int at)
    {
        if (!Fits<Tagged>(at))
        {
            return;
        }

        Tagged.View view = Tagged.At(_host, offset);
        Tagged whole = view.Load();
        ushort kind = BinaryPrimitives.ReadUInt16LittleEndian(At(at));
        Require(view.Kind == kind, "Tagged.Kind");
        Require(view.TryGetKind(out Kind legal) == Enum.IsDefined((Kind)kind) && legal == (Enum.IsDefined((Kind)kind) ? (Kind)kind : default), "Tagged.TryGetKind");
        Require(whole.TryGetKind(out Kind same) == Enum.IsDefined((Kind)kind) && same == legal, "Tagged.TryGetKind of the whole");
        Require(view.TryGetLevel(out _) == Enum.IsDefined((Level)(sbyte)_bytes[at + 2]), "Tagged.TryGetLevel");
        Require(view.TryGetRights(out _) == ((_bytes[at + 3] & ~5) == 0), "Tagged.TryGetRights");
        ushort turned = BinaryPrimitives.ReadUInt16BigEndian(At(at + 4));
        Require(view.Turned == turned && view.TryGetTurned(out _) == Enum.IsDefined((Kind)turned), "Tagged.Turned");
        for (int i = 0; i < 3; i++)
        {
            ushort one = BinaryPrimitives.ReadUInt16LittleEndian(At(at + 6 + (2 * i)));
            Require(view.TryGetKinds(i, out _) == Enum.IsDefined((Kind)one) && whole.TryGetKinds(i, out _) == Enum.IsDefined((Kind)one), "Tagged.TryGetKinds");
        }

        if (Enum.IsDefined((Kind)kind))
        {
            view.SetKind(legal);
        }
    }

    private void CheckEvent(ulong offset, int at)
    {
        if (!Fits<Event>(at))
        {
            return;
        }

        Event.View view = Event.At(_host, offset);
        Event whole = view.Load();
        ushort kind = BinaryPrimitives.ReadUInt16LittleEndian(At(at));
        bool isKey = view.TryGetKey(out Place key);
        Require(isKey == (kind == 1) && key.Page == (isKey ? BinaryPrimitives.ReadUInt16LittleEndian(At(at + 6)) : 0), "Event.TryGetKey");
        Require(whole.TryGetKey(out Place same) == isKey && same.Page == key.Page && same.Y == key.Y, "Event.TryGetKey of the whole");
        bool isMove = view.TryGetMove(out uint move);
        Require(isMove == (kind is 2 or 77) && move == (isMove ? BinaryPrimitives.ReadUInt32LittleEndian(At(at + 4)) : 0), "Event.TryGetMove");
        Require(whole.TryGetMove(out uint whole2) == isMove && whole2 == move, "Event.TryGetMove of the whole");
    }

    // A tail ends with the memory, or with the guest's region that the struct is in, which ends before it.
    private void CheckTails(ulong offset, int at, ulong max, int cut)
    {
        ulong address = offset - First;
        using var space = new GuestAddressSpace();
        space.Map(0, _host, First, (ulong)(Length - cut));
        using HostLease lease = _host.Enter();
        using GuestAddressLease guestLease = space.Enter();
        if (Fits<Pairs>(at))
        {
            CheckPairs(Pairs.At(_host, offset), at, max, Length);
            CheckPairs(Pairs.At(in lease, offset), at, max, Length);
        }

        bool isMapped = at + Unsafe.SizeOf<Pairs>() <= Length - cut;
        Require(Pairs.TryAt(space, address, out Pairs.View pairs) == isMapped, "whether a struct is bound by guest address");
        if (isMapped)
        {
            CheckPairs(pairs, at, max, Length - cut);
            CheckPairs(Pairs.At(in guestLease, address), at, max, Length - cut);
        }

        if (Fits<Numbers>(at))
        {
            CheckNumbers(Numbers.At(_host, offset), at, max, Length);
            CheckNumbers(Numbers.At(in lease, offset), at, max, Length);
        }

        if (at + Unsafe.SizeOf<Numbers>() <= Length - cut)
        {
            CheckNumbers(Numbers.At(space, address), at, max, Length - cut);
            CheckNumbers(Numbers.At(in guestLease, address), at, max, Length - cut);
        }
    }

    private void CheckPairs(Pairs.View view, int at, ulong max, int end)
    {
        int count = BinaryPrimitives.ReadUInt16BigEndian(At(at + 2));
        bool isThere = (ulong)count <= max && at + 4 + (4 * count) <= end;
        Require(view.TryTail(max, out SharedViews<Pair, Pair.View> tail) == isThere, "Pairs.TryTail");
        for (int i = 0; isThere && i < count; i++)
        {
            Require(tail[i].Value == BinaryPrimitives.ReadUInt16BigEndian(At(at + 6 + (4 * i))), "an element of Pairs' tail");
        }
    }

    private void CheckNumbers(Numbers.View view, int at, ulong max, int end)
    {
        int count = BinaryPrimitives.ReadInt32LittleEndian(At(at));

        // The tail begins within the struct, which is there.
        bool isThere = count >= 0 && (ulong)count <= max && at + 6 + (4L * count) <= end;
        Require(view.TryTail(max, out SharedArrayView<uint> tail) == isThere, "Numbers.TryTail");
        for (int i = 0; isThere && i < count; i++)
        {
            Require(tail[i] == BinaryPrimitives.ReadUInt32BigEndian(At(at + 6 + (4 * i))), "an element of Numbers' tail");
        }
    }

    private void CheckCommand(ulong offset, int at)
    {
        bool isRead = _host.TryReadValidated(offset, out Command value);
        bool isLegal = Fits<Command>(at) && IsLegal(At(at));
        Require(isRead == isLegal, "whether a Command is legal");
        Command copied = default;
        Require((Fits<Command>(at) && Command.TryReadFrom(At(at), out copied)) == isLegal, "whether a copy of a Command is legal");
        if (!isRead)
        {
            Require(MemoryMarshal.AsBytes([value]).IndexOfAnyExcept((byte)0) < 0, "what is not legal is not given");
            return;
        }

        Require(Unsafe.BitCast<bool, byte>(value.IsLast) <= 1 && Enum.IsDefined(value.Kind) && Enum.IsDefined(value.Kinds[2]) && value.Length <= 4096, "what is given is legal");
        Require(copied.Kind == value.Kind && value.Kind == (Kind)BinaryPrimitives.ReadUInt16BigEndian(At(at + 4)), "Command.Kind");
        Require(_host.TryWriteValidated(offset, in value), "what was read can be written");
    }

    private static bool IsLegal(ReadOnlySpan<byte> bytes) =>
        bytes[0] <= 1 && (bytes[1] & ~5) == 0 && (sbyte)bytes[2] is -3 or -2 or 5
        && Enum.IsDefined((Kind)BinaryPrimitives.ReadUInt16BigEndian(bytes[4..]))
        && Enum.IsDefined((Kind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[6..]))
        && Enum.IsDefined((Kind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[8..]))
        && Enum.IsDefined((Kind)BinaryPrimitives.ReadUInt16LittleEndian(bytes[10..]))
        && BinaryPrimitives.ReadUInt32LittleEndian(bytes[12..]) <= 4096
        && (BinaryPrimitives.ReadInt64LittleEndian(bytes[16..]) & ~(long.MinValue | 1)) == 0;
}
