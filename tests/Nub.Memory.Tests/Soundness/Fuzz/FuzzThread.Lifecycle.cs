namespace Nub.Memory.Tests.Soundness.Fuzz;

// What is done with whole memories, and with the stack buffer.
internal sealed partial class FuzzThread
{
    private void Stack()
    {
        // Anywhere in the range; what is there is whatever the other steps have left: the guest's doing.
        int size = 16 + _random.Next(2000);
        int offset = _random.Next(FuzzWorld.Own - size + 1);
        byte[] buffer = _model.AsSpan(offset, size).ToArray();
        SharedStack stack = _host.StackAt(_start + (ulong)offset, (ulong)size);
        if (_random.Next(2) == 0)
        {
            if (!Unless(stack.Reset))
            {
                return;
            }

            BitConverter.TryWriteBytes(buffer, 8UL);
            buffer.CopyTo(_model, offset);
        }

        for (int i = 0; i < 8; i++)
        {
            byte[] data = new byte[_random.Next(200)];
            _random.NextBytes(data);
            if (data.Length > 4 && _random.Next(2) == 0)
            {
                BitConverter.TryWriteBytes(data, data.Length - 4);
            }

            byte[] changed = (byte[])buffer.Clone();
            byte[] element = [], seen = [];
            SharedStackError expected = SharedStackError.None, error = SharedStackError.None;
            int how = _random.Next(4);
            if (!Unless(() =>
            {
                switch (how)
                {
                    case 0 or 1:
                        expected = StackOracle.Push(changed, data);
                        stack.TryPush(data, out error);
                        break;
                    case 2:
                        expected = StackOracle.Pop(changed, 150, out element);
                        byte[] room = new byte[150];
                        stack.TryPop(room, out int length, out error);
                        seen = room[..length];
                        break;
                    default:
                        expected = StackOracle.PopParsed(changed, SharedStack.DefaultMaxLength, bytes => bytes.Length % 3 != 0, out element);
                        stack.TryPop(Parse, out byte[]? parsed, out error);
                        seen = parsed ?? [];
                        break;
                }
            }))
            {
                continue;
            }

            Assert.Equal(expected, error);
            Assert.Equal(element, seen);
            buffer = changed;
            buffer.CopyTo(_model, offset);
        }

        static bool Parse(ReadOnlySpan<byte> bytes, out byte[]? value)
        {
            value = bytes.Length % 3 != 0 ? bytes.ToArray() : null;
            return value is not null;
        }
    }

    private void Lease()
    {
        if (_leases.Count > 0 && _random.Next(3) != 0)
        {
            GuestLease lease = _leases[^1];
            Assert.Throws<SharedMemoryLockedException>(() => _host.WithExclusivity(_ => { }));
            _leases.RemoveAt(_leases.Count - 1);
            GuestLease copy = lease;
            lease.Dispose();
            copy.Dispose();
        }
        else if (_leases.Count < 3)
        {
            Unless(() => _leases.Add(world.Guest.EnterGuest()));
        }
    }

    private void Exclusive()
    {
        bool held = _leases.Count > 0;
        int how = _random.Next(3);
        void Alone(ExclusiveSharedMemory memory)
        {
            Assert.False(held, "Exclusivity was granted beside a lease.");
            world.Alone(memory);
            memory.CopyTo(_start, _scratch);
            Assert.True(_model.AsSpan().SequenceEqual(_scratch), "The range differs from the model.");
            _random.NextBytes(_model.AsSpan(0, 64));
            memory.CopyFrom(_start, _model.AsSpan(0, 64));
        }

        Unless(() =>
        {
            switch (how)
            {
                case 0:
                    _host.WithExclusivity(Alone);
                    break;
                case 1:
                    world.Guest.WithExclusivity(Alone, TimeSpan.FromMilliseconds(_random.Next(20)));
                    break;
                default:
                    byte[] window = _host.WithContents(_start, 100, contents => contents.ToArray());
                    Assert.Equal(_model[..100], window);
                    break;
            }
        });
    }

    /// <summary>Any thread may dispose it at any time: a refusal, or the bytes that are its own.</summary>
    private void UseVictim()
    {
        FuzzWorld.Victim victim = world.Current;
        int how = _random.Next(7);
        try
        {
            for (int i = 0; i < 20; i++)
            {
                switch (how)
                {
                    case 0:
                        Assert.Equal(FuzzWorld.Mark, victim.Host.Read<byte>((ulong)_random.Next(8000)));
                        break;
                    case 1:
                        victim.Host.Fill(0, 5000, FuzzWorld.Mark);
                        break;
                    case 2:
                        victim.Host.CopyTo(17, _scratch.AsSpan(0, 3000));
                        Assert.False(_scratch.AsSpan(0, 3000).ContainsAnyExcept(FuzzWorld.Mark));
                        break;
                    case 3:
                        using (HostSharedMemory clone = victim.Host.Clone())
                        {
                            Assert.Equal(FuzzWorld.Mark, clone.Read<byte>(5));
                        }

                        break;
                    case 4:
                        using (HostLease lease = victim.Host.Enter())
                        {
                            Assert.Equal(FuzzWorld.Mark, lease.Read<byte>(4096));
                        }

                        break;
                    case 5:
                        using (victim.Guest.EnterGuest())
                        {
                            Thread.Yield();
                        }

                        break;
                    default:
                        victim.Host.WithExclusivity(memory => Assert.Equal(FuzzWorld.Mark, memory.ReadByte(8191)));
                        break;
                }
            }
        }
        catch (Exception exception) when (exception is SharedMemoryLockedException or ObjectDisposedException)
        {
            Refused++;
        }
    }

    private void UseSnapshot()
    {
        byte[] expected = world.SnapshotBytes;
        world.Snapshot.CopyTo(0, _scratch);
        Assert.True(expected.AsSpan(0, _scratch.Length).SequenceEqual(_scratch), "The snapshot changed.");
        using ExclusiveSharedMemory view = world.Snapshot.MapCopyOnWrite();
        for (int i = 0; i < 5; i++)
        {
            view.WriteByte((ulong)_random.Next(20_000), (byte)_random.Next(256));
        }

        view.Restore();
        Assert.Equal(expected, view.AsSpan(0, expected.Length).ToArray());
        Assert.Equal(expected[7], world.Snapshot.WithContents(0, 100, contents => contents[7]));
        using ReadOnlySharedMemory clone = world.Snapshot.Clone();
        Assert.True(clone.IsSameMemory(world.Snapshot));
    }

    private void UseOwn()
    {
        using var exclusive = new ExclusiveSharedMemory(8192);
        exclusive.CopyFrom(100, _model.AsSpan(0, 5000));
        exclusive.CopyFrom(0, exclusive.AsSpan(50, 5000));
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        Assert.Equal(_model[77], host.Read<byte>(127));
        nint address = host.BaseAddress;
        GuestLease lease = guest.EnterGuest();
        host.Dispose();
        guest.Dispose();
        Assert.Throws<ObjectDisposedException>(() => host.TryRead(0, out byte _));
        lease.Dispose();
        _ = address;
    }

    private void Reown()
    {
        HostSharedMemory old = _host;
        _host = _host.Clone();
        old.Dispose();
        Assert.Throws<ObjectDisposedException>(() => old.Read<byte>(0));
    }
}
