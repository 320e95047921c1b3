using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Nub.Memory;

namespace Nub.Kvm;

// The state as a section of a snapshot on disk: records of 12 bytes (what it is, whose it is, its length; little endian), each followed by its
// content, which is a struct of the kernel's.
public sealed partial class MachineState
{
    /// <summary>The name of the section that <see cref="ToSection"/> makes.</summary>
    public const string SectionName = "Nub.Kvm.MachineState.x86-64";

    /// <summary>The version of its layout.</summary>
    public const uint SectionVersion = 1;

    private const int PrefixLength = 12;

    // The two i8259 and the I/O APIC.
    internal const int ChipCount = 3;

    // More than KVM has processors; a file may say any number.
    private const int MostRecords = 1 << 16;

    // In the file: a number is never given to something else.
    private enum RecordKind : uint
    {
        Registers = 1,
        SpecialRegisters = 2,
        ExtendedState = 3,
        ExtendedControlRegister = 4,
        Msrs = 5,
        DebugRegisters = 6,
        Events = 7,
        LocalApic = 8,
        MultiprocessingState = 9,
        Chip = 32,
        Pit = 33,
    }

    /// <summary>The state as a section of a snapshot, to be saved beside the memory.</summary>
    /// <returns>The section, by the name <see cref="SectionName"/>.</returns>
    public SharedMemorySnapshotSection ToSection()
    {
        using var bytes = new MemoryStream();
        foreach ((uint id, ProcessorState processor) in Processors.OrderBy(static one => one.Key))
        {
            Write(bytes, RecordKind.Registers, id, processor.Registers);
            Write(bytes, RecordKind.SpecialRegisters, id, processor.SpecialRegisters);
            Write(bytes, RecordKind.ExtendedState, id, processor.ExtendedState);
            Write(bytes, RecordKind.ExtendedControlRegister, id, processor.ExtendedControlRegister);
            Write(bytes, RecordKind.Msrs, id, MemoryMarshal.AsBytes<MsrEntry>(processor.Msrs));
            Write(bytes, RecordKind.DebugRegisters, id, processor.DebugRegisters);
            Write(bytes, RecordKind.Events, id, processor.Events);
            if (processor.LocalApic is { } apic)
            {
                Write(bytes, RecordKind.LocalApic, id, apic);
            }

            if (processor.MultiprocessingState is { } doing)
            {
                Write(bytes, RecordKind.MultiprocessingState, id, (uint)doing);
            }
        }

        for (uint i = 0; i < Chips.Length; i++)
        {
            Write(bytes, RecordKind.Chip, i, Chips[i]);
        }

        if (Pit is { } pit)
        {
            Write(bytes, RecordKind.Pit, 0, pit);
        }

        return new SharedMemorySnapshotSection(SectionName, SectionVersion, bytes.ToArray());
    }

    /// <summary>Reads a state from a snapshot's section. Whether the machine here is one like it is found out when it is restored.</summary>
    /// <param name="snapshot">The snapshot.</param>
    /// <returns>The state.</returns>
    /// <exception cref="SharedMemorySnapshotException">There is no such section; it has another version; or it is not what its version says.</exception>
    public static MachineState FromSnapshot(SharedMemorySnapshot snapshot)
    {
        ArgumentNullException.ThrowIfNull(snapshot);
        return snapshot.TryGetSection(SectionName, out SharedMemorySnapshotSection? section) ? FromSection(section)
            : throw Refused(SharedMemorySnapshotError.SectionMissing, 0, $"The snapshot has the sections {string.Join(", ", snapshot.Sections.Select(static one => one.Name))}.");
    }

    /// <summary>Reads a state from a section. Whether the machine here is one like it is found out when it is restored.</summary>
    /// <param name="section">The section that <see cref="ToSection"/> made.</param>
    /// <returns>The state.</returns>
    /// <exception cref="SharedMemorySnapshotException">The section has another name or version, or is not what its version says.</exception>
    public static MachineState FromSection(SharedMemorySnapshotSection section)
    {
        ArgumentNullException.ThrowIfNull(section);
        if (section.Name != SectionName)
        {
            throw Refused(SharedMemorySnapshotError.SectionMissing, 0, $"The section is called {section.Name}.");
        }

        if (section.Version != SectionVersion)
        {
            throw Refused(SharedMemorySnapshotError.SectionVersion, 0, $"The layout has version {section.Version}, and this library reads version {SectionVersion}.");
        }

        var records = new Dictionary<(RecordKind Kind, uint Id), (int At, ReadOnlyMemory<byte> Content)>();
        ReadOnlyMemory<byte> rest = section.Content;
        while (!rest.IsEmpty)
        {
            int at = section.Content.Length - rest.Length;
            ReadOnlySpan<byte> prefix = rest.Span;
            if (prefix.Length < PrefixLength || records.Count == MostRecords)
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, at, $"After {records.Count} records come {rest.Length} bytes, which is no record of at least {PrefixLength} or one too many.");
            }

            var kind = (RecordKind)BinaryPrimitives.ReadUInt32LittleEndian(prefix);
            uint id = BinaryPrimitives.ReadUInt32LittleEndian(prefix[4..]);
            uint length = BinaryPrimitives.ReadUInt32LittleEndian(prefix[8..]);
            if (!Enum.IsDefined(kind) || length > (uint)(rest.Length - PrefixLength) || !records.TryAdd((kind, id), (at, rest.Slice(PrefixLength, (int)length))))
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, at,
                    $"A record says that it is {kind} of {id} and has {length} bytes: it is unknown, there already, or longer than the {rest.Length - PrefixLength} bytes that are left.");
            }

            rest = rest[(PrefixLength + (int)length)..];
        }

        return From(records);
    }

    private static MachineState From(Dictionary<(RecordKind Kind, uint Id), (int At, ReadOnlyMemory<byte> Content)> records)
    {
        var processors = new Dictionary<uint, ProcessorState>();
        uint[] ids = [.. records.Keys.Where(static one => one.Kind == RecordKind.Registers).Select(static one => one.Id)];
        foreach (uint id in ids)
        {
            CheckNumberOfMsrs(id);
            processors.Add(id, new ProcessorState
            {
                Registers = Take<Registers>(RecordKind.Registers, id),
                SpecialRegisters = Take<SpecialRegisters>(RecordKind.SpecialRegisters, id),
                ExtendedState = TakeBytes(RecordKind.ExtendedState, id, sizeof(uint)).ToArray(),
                ExtendedControlRegister = Take<ulong>(RecordKind.ExtendedControlRegister, id),
                Msrs = TakeMsrs(id),
                DebugRegisters = Take<DebugRegisters>(RecordKind.DebugRegisters, id),
                Events = Take<ProcessorEvents>(RecordKind.Events, id),
                LocalApic = records.ContainsKey((RecordKind.LocalApic, id)) ? Take<LocalApicState>(RecordKind.LocalApic, id) : null,
                MultiprocessingState = records.ContainsKey((RecordKind.MultiprocessingState, id)) ? (MultiprocessingState)Take<uint>(RecordKind.MultiprocessingState, id) : null,
            });
        }

        var chips = new List<IrqchipState>();
        while (records.ContainsKey((RecordKind.Chip, (uint)chips.Count)))
        {
            uint id = (uint)chips.Count;
            int place = records[(RecordKind.Chip, id)].At;
            chips.Add(Take<IrqchipState>(RecordKind.Chip, id));
            if (chips[^1].ChipId != id)
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, place, $"The record {RecordKind.Chip} of {id} has the state of chip {chips[^1].ChipId}.");
            }
        }

        PitState? pit = records.ContainsKey((RecordKind.Pit, 0)) ? Take<PitState>(RecordKind.Pit, 0) : null;

        // What is left belongs to nothing: a processor without registers, a chip after a gap.
        if (records.Count != 0)
        {
            ((RecordKind kind, uint id), (int at, _)) = records.First();
            throw Refused(SharedMemorySnapshotError.SectionInvalid, at, $"The record {kind} of {id} belongs to nothing that is there.");
        }

        // A kernel has all of its interrupt controllers or none, and the timer only with them.
        bool hasChips = chips.Count > 0;
        if ((hasChips && chips.Count != ChipCount) || (pit is not null && !hasChips))
        {
            throw Refused(SharedMemorySnapshotError.SectionInvalid, 0, $"There are {chips.Count} chips, where {ChipCount} or none can be{(pit is null ? "" : ", and a timer")}.");
        }

        foreach ((uint id, ProcessorState processor) in processors)
        {
            if ((processor.LocalApic is not null) != hasChips || (processor.MultiprocessingState is not null) != hasChips)
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, 0,
                    $"There are {chips.Count} chips, and processor {id} has {(processor.LocalApic is null ? "no " : "")}local controller and is {(processor.MultiprocessingState is null ? "not " : "")}said what it does.");
            }
        }

        return new MachineState(processors, [.. chips], pit);

        void CheckNumberOfMsrs(uint id)
        {
            if (records.TryGetValue((RecordKind.Msrs, id), out (int At, ReadOnlyMemory<byte> Content) record) && record.Content.Length / Unsafe.SizeOf<MsrEntry>() > VirtualProcessor.MostMsrs)
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, record.At, $"The record {RecordKind.Msrs} of {id} has {record.Content.Length} bytes, and the kernel takes {VirtualProcessor.MostMsrs} registers.");
            }
        }

        // Copied as bytes: a record's content stands at a multiple of 4, and an entry's numbers at multiples of 8.
        MsrEntry[] TakeMsrs(uint id)
        {
            ReadOnlySpan<byte> content = TakeBytes(RecordKind.Msrs, id, Unsafe.SizeOf<MsrEntry>());
            var msrs = new MsrEntry[content.Length / Unsafe.SizeOf<MsrEntry>()];
            content.CopyTo(MemoryMarshal.AsBytes(msrs.AsSpan()));
            return msrs;
        }

        T Take<T>(RecordKind kind, uint id) where T : unmanaged
        {
            ReadOnlySpan<byte> content = TakeBytes(kind, id, 1);
            return content.Length == Unsafe.SizeOf<T>() ? MemoryMarshal.Read<T>(content)
                : throw Refused(SharedMemorySnapshotError.SectionInvalid, 0, $"The record {kind} of {id} has {content.Length} bytes, and not {Unsafe.SizeOf<T>()}.");
        }

        ReadOnlySpan<byte> TakeBytes(RecordKind kind, uint id, int multiple)
        {
            if (!records.Remove((kind, id), out (int At, ReadOnlyMemory<byte> Content) record))
            {
                throw Refused(SharedMemorySnapshotError.SectionInvalid, 0, $"Processor {id} has registers, and no record {kind}.");
            }

            return record.Content.Length % multiple == 0 ? record.Content.Span
                : throw Refused(SharedMemorySnapshotError.SectionInvalid, record.At, $"The record {kind} of {id} has {record.Content.Length} bytes, which is no multiple of {multiple}.");
        }
    }

    private static void Write<T>(MemoryStream bytes, RecordKind kind, uint id, in T value) where T : unmanaged =>
        Write(bytes, kind, id, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    private static void Write(MemoryStream bytes, RecordKind kind, uint id, ReadOnlySpan<byte> content)
    {
        Span<byte> prefix = stackalloc byte[PrefixLength];
        BinaryPrimitives.WriteUInt32LittleEndian(prefix, (uint)kind);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[4..], id);
        BinaryPrimitives.WriteUInt32LittleEndian(prefix[8..], (uint)content.Length);
        bytes.Write(prefix);
        bytes.Write(content);
    }

    private static SharedMemorySnapshotException Refused(SharedMemorySnapshotError error, int offset, string detail) => new(error, SectionName, detail, offset);
}
