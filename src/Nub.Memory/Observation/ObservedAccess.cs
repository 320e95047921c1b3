using System.Runtime.CompilerServices;

namespace Nub.Memory;

/// <summary>
/// Touches memory as ever, writes down each touch, and then plays a guest that changes bytes at that moment. What HostileMemory of
/// Nub.Memory.Testing stands on.
/// </summary>
/// <remarks>
/// <para>Its memory is indirect, a trait that the lock's word has anyway: no access to other memory has an instruction more for it, so that
/// there is nothing to switch off.</para>
/// <para>An access is under way while this runs. So a guest is data (<see cref="ObservationPlan"/>) and never a callback, and what fails in here is
/// noted, not thrown: an exception would leave the access under way for good.</para>
/// <para>The gate is taken by trying again, because a wait on it could be interrupted, which is an exception too.</para>
/// </remarks>
internal sealed unsafe class ObservedAccess(byte* first, ulong size) : IndirectAccess
{
    private readonly Lock _gate = new();
    private readonly byte* _first = first;
    private readonly ulong _size = size;
    private Observation? _current;

    /// <summary>Begins to write down, and to play the guest of a plan.</summary>
    /// <exception cref="InvalidOperationException">That was begun already.</exception>
    public void Begin(ObservationPlan plan)
    {
        var observation = new Observation(plan, _size);
        lock (_gate)
        {
            if (_current is not null)
            {
                throw new InvalidOperationException("The memory runs one parser at a time: it is running one already.");
            }

            _current = observation;
        }
    }

    /// <summary>Ends it.</summary>
    /// <returns>What was seen. It is complete, and changes no more.</returns>
    public Observation End()
    {
        lock (_gate)
        {
            Observation observation = _current!;
            _current = null;
            return observation;
        }
    }

    public override bool TryLoad(byte* place, byte* value, nuint size)
    {
        Take();

        // Sound, here and below: the caller's guarantee makes [place, place + size) valid, and the value has that size. It may be unaligned.
        bool isThere = MayTouch();
        if (isThere)
        {
            switch (size)
            {
                case sizeof(byte):
                    *value = SingleFetch.Load<byte>(place);
                    break;
                case sizeof(ushort):
                    Unsafe.WriteUnaligned(value, SingleFetch.Load<ushort>(place));
                    break;
                case sizeof(uint):
                    Unsafe.WriteUnaligned(value, SingleFetch.Load<uint>(place));
                    break;
                case sizeof(ulong):
                    Unsafe.WriteUnaligned(value, SingleFetch.Load<ulong>(place));
                    break;
                default:
                    BulkCopy.CopyOut(ref *value, place, size);
                    break;
            }

            Note(ObservedKind.Read, place, size);
        }

        _gate.Exit();
        return isThere;
    }

    public override bool TryStore(byte* place, byte* value, nuint size)
    {
        Take();
        bool isThere = MayTouch();
        if (isThere)
        {
            switch (size)
            {
                case sizeof(byte):
                    SingleFetch.Store(place, *value);
                    break;
                case sizeof(ushort):
                    SingleFetch.Store(place, Unsafe.ReadUnaligned<ushort>(value));
                    break;
                case sizeof(uint):
                    SingleFetch.Store(place, Unsafe.ReadUnaligned<uint>(value));
                    break;
                case sizeof(ulong):
                    SingleFetch.Store(place, Unsafe.ReadUnaligned<ulong>(value));
                    break;
                default:
                    BulkCopy.CopyIn(place, ref *value, size);
                    break;
            }

            Note(ObservedKind.Write, place, size);
        }

        _gate.Exit();
        return isThere;
    }

    public override bool TryCopyOut(ref byte destination, byte* shared, nuint length)
    {
        Take();
        bool isThere = MayTouch();
        if (isThere)
        {
            BulkCopy.CopyOut(ref destination, shared, length);
            Note(ObservedKind.Read, shared, length);
        }

        _gate.Exit();
        return isThere;
    }

    public override bool TryCopyIn(byte* shared, ref byte source, nuint length)
    {
        Take();
        bool isThere = MayTouch();
        if (isThere)
        {
            BulkCopy.CopyIn(shared, ref source, length);
            Note(ObservedKind.Write, shared, length);
        }

        _gate.Exit();
        return isThere;
    }

    public override bool TryFill(byte* shared, nuint length, byte value)
    {
        Take();
        bool isThere = MayTouch();
        if (isThere)
        {
            BulkFill.Fill(shared, length, value);
            Note(ObservedKind.Write, shared, length);
        }

        _gate.Exit();
        return isThere;
    }

    public override bool TryAtomic(AtomicOperation operation, byte* place, int size, ulong operand, ulong comparand, out ulong result)
    {
        Take();
        bool isThere = MayTouch();
        result = 0;
        if (isThere)
        {
            // Sound: the caller has judged the alignment too.
            result = size == sizeof(uint)
                ? SharedAtomic.Perform(operation, place, (uint)operand, (uint)comparand)
                : SharedAtomic.Perform(operation, place, operand, comparand);

            // An exchange that found something else has only read.
            Note(operation == AtomicOperation.CompareExchange && result != comparand ? ObservedKind.Read : ObservedKind.Atomic, place, (nuint)size);
        }

        _gate.Exit();
        return isThere;
    }

    private void Take()
    {
        while (!_gate.TryEnter())
        {
            _ = Thread.Yield();
        }
    }

    private bool MayTouch() => _current is not { } observation || observation.Admit();

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void Note(ObservedKind kind, byte* place, nuint length)
    {
        if (_current is { } observation && length != 0)
        {
            observation.Note(kind, (ulong)(place - _first), length, new Span<byte>(_first, (int)_size));
        }
    }
}
