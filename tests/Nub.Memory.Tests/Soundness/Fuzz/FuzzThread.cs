using System.Buffers.Binary;

namespace Nub.Memory.Tests.Soundness.Fuzz;

/// <summary>
/// One thread of the fuzz: does at random whatever can be done with memory, in a range of its own whose bytes it knows, and in memories
/// that all threads share. What is refused because another thread is exclusive must have changed nothing.
/// </summary>
internal sealed partial class FuzzThread(FuzzWorld world, int index, int seed)
{
    private readonly Random _random = new(seed);
    private readonly byte[] _model = new byte[FuzzWorld.Own];
    private readonly ulong _start = (ulong)(index * FuzzWorld.Own);
    private readonly List<GuestLease> _leases = [];
    private readonly byte[] _scratch = new byte[FuzzWorld.Own];
    private HostSharedMemory _host = world.Host.Clone();

    /// <summary>How much was done.</summary>
    public long Done { get; private set; }

    /// <summary>How much was refused because another thread was exclusive.</summary>
    public long Refused { get; private set; }

    /// <summary>What was done last, for a report.</summary>
    public string Last { get; private set; } = "nothing";

    public void Step()
    {
        int what = _random.Next(100);
        (string Name, Action Do) step = what switch
        {
            < 25 => ("write a value", WriteValue),
            < 50 => ("read a value", ReadValue),
            < 58 => ("copy in", CopyIn),
            < 66 => ("copy out", CopyOut),
            < 71 => ("fill", Fill),
            < 76 => ("atomic", Atomic),
            < 79 => ("beyond the end", Beyond),
            < 85 => ("stack", Stack),
            < 88 => ("lease", Lease),
            < 91 => ("exclusive", Exclusive),
            < 94 => ("a memory that goes", UseVictim),
            < 95 => ("replace the memory that goes", world.Replace),
            < 97 => ("snapshot", UseSnapshot),
            < 98 => ("memory of its own", UseOwn),
            < 99 => ("another owner", Reown),
            _ => ("compare all", () => Unless(CompareAll)),
        };
        Last = step.Name;
        step.Do();
        Done++;
    }

    public void End()
    {
        foreach (GuestLease lease in _leases)
        {
            lease.Dispose();
        }

        Unless(CompareAll);
        _host.Dispose();
    }

    private void WriteValue()
    {
        (TypedCase type, int offset) = Place();
        byte[] bytes = new byte[type.Size];
        _random.NextBytes(bytes);
        ulong at = _start + (ulong)offset;
        if (Unless(() =>
        {
            switch (_random.Next(5))
            {
                case 0:
                    type.Write(_host, at, bytes);
                    break;
                case 1:
                    Assert.True(type.TryWrite(_host, at, bytes));
                    break;
                case 2:
                    type.WriteHeld(_host, at, bytes);
                    break;
                case 3:
                    Assert.True(type.TryWriteHeld(_host, at, bytes));
                    break;
                default:
                    type.WriteView(_host, at, bytes);
                    break;
            }
        }))
        {
            bytes.CopyTo(_model, offset);
        }
    }

    private void ReadValue()
    {
        (TypedCase type, int offset) = Place();
        ulong at = _start + (ulong)offset;
        byte[] bytes = [];
        if (Unless(() =>
        {
            switch (_random.Next(5))
            {
                case 0:
                    bytes = type.Read(_host, at);
                    break;
                case 1:
                    Assert.True(type.TryRead(_host, at, out bytes));
                    break;
                case 2:
                    bytes = type.ReadHeld(_host, at);
                    break;
                case 3:
                    Assert.True(type.TryReadHeld(_host, at, out bytes));
                    break;
                default:
                    bytes = type.ReadView(_host, at);
                    break;
            }
        }))
        {
            Assert.True(_model.AsSpan(offset, type.Size).SequenceEqual(bytes), $"{type} at {offset}");
        }
    }

    private void CopyIn()
    {
        (int offset, int length) = Range();
        byte[] bytes = new byte[length];
        _random.NextBytes(bytes);
        ulong at = _start + (ulong)offset;
        int how = _random.Next(3);
        if (Unless(() =>
        {
            if (how == 0)
            {
                _host.CopyFrom(at, bytes);
            }
            else if (how == 1)
            {
                Assert.True(_host.TryCopyFrom(at, bytes));
            }
            else
            {
                using HostLease lease = _host.Enter();
                lease.CopyFrom(at, bytes);
            }
        }))
        {
            bytes.CopyTo(_model, offset);
        }
    }

    private void CopyOut()
    {
        (int offset, int length) = Range();
        Memory<byte> bytes = _scratch.AsMemory(0, length);
        ulong at = _start + (ulong)offset;
        int how = _random.Next(3);
        if (Unless(() =>
        {
            if (how == 0)
            {
                _host.CopyTo(at, bytes.Span);
            }
            else if (how == 1)
            {
                Assert.True(_host.TryCopyTo(at, bytes.Span));
            }
            else
            {
                using HostLease lease = _host.Enter();
                lease.CopyTo(at, bytes.Span);
            }
        }))
        {
            Assert.True(_model.AsSpan(offset, length).SequenceEqual(bytes.Span), $"{length} bytes at {offset}");
        }
    }

    private void Fill()
    {
        (int offset, int length) = Range();
        byte value = (byte)_random.Next(256);
        ulong at = _start + (ulong)offset;
        if (Unless(() =>
        {
            if (value % 2 == 0)
            {
                _host.Fill(at, (ulong)length, value);
            }
            else
            {
                Assert.True(_host.TryFill(at, (ulong)length, value));
            }
        }))
        {
            _model.AsSpan(offset, length).Fill(value);
        }
    }

    private void Atomic()
    {
        int offset = 8 * _random.Next(FuzzWorld.Own / 8);
        ulong at = _start + (ulong)offset;
        Span<byte> place = _model.AsSpan(offset, 8);
        ulong before = BinaryPrimitives.ReadUInt64LittleEndian(place);
        ulong operand = (ulong)_random.NextInt64();
        ulong seen = 0, after = 0;
        int how = _random.Next(6);
        if (Unless(() => (seen, after) = how switch
        {
            0 => (_host.Add(at, operand) - operand, before + operand),
            1 => (_host.Exchange(at, operand), operand),
            2 => (_host.CompareExchange(at, operand, before), operand),
            3 => (_host.CompareExchange(at, operand, before + 1), before),
            4 => (_host.And(at, operand), before & operand),
            _ => (_host.Or(at, operand), before | operand),
        }))
        {
            Assert.Equal(before, seen);
            BinaryPrimitives.WriteUInt64LittleEndian(place, after);
        }
    }

    private void Beyond()
    {
        ulong size = world.Host.Size;
        ulong offset = _random.Next(3) switch { 0 => size - 3, 1 => ulong.MaxValue - (ulong)_random.Next(9), _ => size + (ulong)_random.Next(5000) };
        Unless(() =>
        {
            Assert.False(_host.TryRead(offset, out ulong value));
            Assert.Equal(0UL, value);
            Assert.False(_host.TryWrite(offset, 1UL));
            Assert.False(_host.TryCopyTo(offset, _scratch.AsSpan(0, 100)));
            Assert.False(_host.TryCopyFrom(offset, _scratch.AsSpan(0, 100)));
            Assert.False(_host.TryFill(offset, ulong.MaxValue, 1));
            SharedMemoryBoundsException exception = Assert.Throws<SharedMemoryBoundsException>(() => _host.Write(offset, 1UL));
            Assert.Equal((offset, 8UL, size), (exception.Offset, exception.Length, exception.MemorySize));
        });
    }

    private void CompareAll()
    {
        _host.CopyTo(_start, _scratch);
        int same = _model.AsSpan().CommonPrefixLength(_scratch);
        Assert.True(same == _model.Length, $"The range differs from the model from byte {same} on.");
    }

    /// <summary>Does something unless another thread is exclusive; then it has not been done at all.</summary>
    private bool Unless(Action action)
    {
        try
        {
            action();
            return true;
        }
        catch (SharedMemoryLockedException)
        {
            Refused++;
            return false;
        }
    }

    private (TypedCase Type, int Offset) Place()
    {
        TypedCase type = TypedCase.All[_random.Next(TypedCase.All.Length)];
        return (type, _random.Next(FuzzWorld.Own - type.Size + 1));
    }

    private (int Offset, int Length) Range()
    {
        // Short ones mostly; and lengths of every magnitude.
        int length = Math.Min(FuzzWorld.Own, _random.Next(1 << _random.Next(1, 15)));
        return (_random.Next(FuzzWorld.Own - length + 1), length);
    }
}
