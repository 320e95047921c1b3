using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Nub.Memory.Tests;

/// <summary>
/// Every name of the public face, used once as its users would: what is missing or has another shape breaks the build of this file. What each does is tested
/// elsewhere.
/// </summary>
public class ContractTests
{
    private delegate void Uses();

    [Fact]
    public void The_kinds_of_memory_and_their_members_are_there()
    {
        Uses[] uses =
        [
            () =>
            {
                using var exclusive = new ExclusiveSharedMemory(4096UL);
                Span<byte> span = exclusive.AsSpan(0UL, 16);
                exclusive.CopyFrom(0UL, [1, 2, 3]);
                exclusive.CopyTo(0UL, span);
                (byte, ushort, uint, ulong, long, nuint, nint) read = (exclusive.ReadByte(0), exclusive.ReadUInt16(0), exclusive.ReadUInt32(0),
                    exclusive.ReadUInt64(0), exclusive.ReadInt64(0), exclusive.ReadUIntPtr(0), exclusive.ReadIntPtr(0));
                exclusive.WriteUInt32(0, read.Item3);
                (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
                host.Dispose();
                guest.Dispose();
            },
            () =>
            {
                using ExclusiveSharedMemory shareable = ExclusiveSharedMemory.CreateShareable(4096UL, readOnlyForPeers: true);
                (HostSharedMemory host, GuestSharedMemory guest) = shareable.Build();
                using SafeHandle handle = host.DuplicateHandle();
                using HostSharedMemory opened = HostSharedMemory.Open(handle, 0UL, 4096UL, SharedMemoryAccess.Read, allowUnsealed: false);
                using HostSharedMemory file = HostSharedMemory.OpenFile("path", 0UL, 4096UL, SharedMemoryAccess.ReadWrite, allowUnsealed: true);
                using GuestSharedMemory clone = guest.Clone();
                using HostSharedMemory other = host.Clone();
                using GuestLease lease = guest.EnterGuest();
                MemoryRegion region = guest.MappingAt(0UL, MemoryRegionType.Scratch);
                _ = (region.GuestAddress, region.Length, region.HostAddress, region.Type, region.Flags, MemoryRegionFlags.Read | MemoryRegionFlags.Execute);
            },
            () =>
            {
                using ReadOnlySharedMemory memory = ReadOnlySharedMemory.FromBytes([1]);
                using ReadOnlySharedMemory copied = ReadOnlySharedMemory.FromFile("path", 4096UL);
                using ReadOnlySharedMemory mapped = ReadOnlySharedMemory.MapFile("path", 4096UL);
                using ReadOnlySharedMemory clone = memory.Clone();
                using ExclusiveSharedMemory writable = memory.CopyToWritable();
                using ExclusiveSharedMemory view = memory.MapCopyOnWrite();
                view.Restore();
                _ = (memory.GuestMappedSize, memory.AsSpan(0UL, 1).Length, memory.MappingAt(0UL, MemoryRegionType.Snapshot),
                    memory.MappingAt(0UL, MemoryRegionType.Snapshot, MemoryRegionFlags.Read | MemoryRegionFlags.Write));
            },
            () =>
            {
                SharedMemory memory = new ExclusiveSharedMemory(4096);
                _ = (memory.Size, memory.BaseAddress, memory.RawAddress, memory.RawSize, memory.IsSameMemory(memory));
                memory.WithExclusivity(exclusive => exclusive.WriteByte(0, 1));
                memory.WithExclusivity(exclusive => { }, TimeSpan.FromSeconds(1));
                int one = memory.WithExclusivity(exclusive => 1) + memory.WithExclusivity(exclusive => 1, TimeSpan.Zero);
                one += memory.WithContents(contents => contents.Length) + memory.WithContents(0UL, 16, contents => contents.Length);
                memory.Zero();
                memory.Dispose();
            },
        ];
        Assert.All(uses, Assert.NotNull);
    }

    [Fact]
    public void The_accesses_of_a_memory_a_lease_and_a_space_are_there()
    {
        Action<HostSharedMemory, SafeFileHandle>[] uses =
        [
            static (host, file) =>
            {
                host.Write(0UL, host.Read<uint>(0UL));
                _ = host.TryRead(0UL, out ulong _) | host.TryWrite(0UL, 1UL) | host.TryReadValidated(0UL, out ContractChecked _) | host.Contains(0UL, 1UL);
                host.WriteValidated(0UL, new ContractChecked { IsSet = true });
                host.CopyTo(0UL, []);
                host.CopyFrom(0UL, []);
                host.Fill(0UL, 0UL, 0);
                _ = host.TryCopyTo(0UL, []) | host.TryCopyFrom(0UL, []) | host.TryFill(0UL, 0UL, 0);
                host.ReadArray(0UL, new uint[4]);
                host.WriteArray<uint>(0UL, [1, 2, 3]);
                _ = host.ReadFrom(file, 0L, 0UL, 0UL) + host.WriteTo(file, 0L, 0UL, 0UL);
                _ = host.CompareExchange(0UL, 1, 2) + host.Exchange(0UL, 1) + host.Add(0UL, 1) + host.And(0UL, 1) + host.Or(0UL, 1);
                _ = host.TryCompareExchange(0UL, 1, 2, out _) | host.TryExchange(0UL, 1, out _) | host.TryAdd(0UL, 1, out _) | host.TryAnd(0UL, 1, out _)
                    | host.TryOr(0UL, 1, out _);
                uint length = host.At<ContractWire.View>(0UL).Length;
                _ = host.TryAt<ContractWire.View>(length, out ContractWire.View _);
            },
            static (host, unused) =>
            {
                using HostLease lease = host.Enter();
                lease.Write(0UL, lease.Read<uint>(0UL));
                _ = lease.TryRead(0UL, out ulong _) | lease.TryWrite(0UL, 1UL) | lease.TryReadValidated(0UL, out ContractChecked _) | lease.TryCopyTo(0UL, []) | lease.TryCopyFrom(0UL, []);
                lease.CopyTo(0UL, []);
                lease.CopyFrom(0UL, []);
                lease.Fill(0UL, 0UL, 0);
                _ = lease.CompareExchange(0UL, 1L, 2L) + lease.Exchange(0UL, 1L) + lease.Add(0UL, 1L) + lease.And(0UL, 1L) + lease.Or(0UL, 1L);
                _ = lease.TryAdd(0UL, 1UL, out _);
                ContractWire.View view = ContractWire.At(in lease, 0UL);
                view.LengthAtomic.Add(1);
                _ = ContractWire.TryAt(in lease, 0UL, out ContractWire.View _) | ContractWire.TryArrayAt(in lease, 0UL, 3UL, out SharedViews<ContractWire, ContractWire.View> _);
            },
            static (host, file) =>
            {
                using var space = new GuestAddressSpace();
                space.Map(0x1000UL, host, 0UL, 4096UL);
                space.Write(0x1000UL, space.Read<uint>(0x1000UL));
                _ = space.TryRead(0UL, out ulong _) | space.TryWrite(0UL, 1UL) | space.TryReadValidated(0UL, out ContractChecked _) | space.TryCopyTo(0UL, [])
                    | space.TryCopyFrom(0UL, []) | space.TryFill(0UL, 0UL, 0) | space.TryAdd(0UL, 1, out _) | space.Contains(0UL, 1UL);
                space.CopyTo(0UL, []);
                space.CopyFrom(0UL, []);
                space.Fill(0UL, 0UL, 0);
                _ = space.Add(0UL, 1) + space.CompareExchange(0UL, 1, 2);
                _ = space.ReadFrom(file, 0L, 0UL, 0UL) + space.WriteTo(file, 0L, 0UL, 0UL);
                _ = ContractWire.At(space, 0x1000UL).Length;
                _ = ContractWire.TryAt(space, 0x1000UL, out ContractWire.View _);
                var bitmap = new DirtyBitmap(0x1000UL, 4096UL);
                space.TrackWrites(bitmap);
                using GuestAddressLease lease = space.Enter();
                _ = lease.Read<uint>(0x1000UL) + ContractWire.At(in lease, 0x1000UL).Length;
                space.Unmap(0x1000UL);
            },
        ];
        Assert.All(uses, Assert.NotNull);
    }

    [Fact]
    public void What_is_generated_is_there()
    {
        Action<HostSharedMemory>[] uses =
        [
            static host =>
            {
                _ = (ContractWire.Layout.Size, ContractWire.Layout.Alignment, ContractWire.Layout.LengthOffset);
                ContractWire.View view = ContractWire.At(host, 0UL);
                view.Length = view.Length;
                view.Store(view.Load());
                SharedViews<ContractWire, ContractWire.View> views = ContractWire.ArrayAt(host, 0UL, 4);
                _ = ContractWire.ArrayAt(host, 0UL, 4UL)[0UL].Length + views[0].Length + views.At(0).Length + views.At(0UL).Length;
                foreach (ContractWire.View one in views)
                {
                    _ = one.Length;
                }

                byte[] bytes = new byte[ContractWire.Layout.Size];
                ContractWire.ReadFrom(bytes).WriteTo(bytes);
                _ = ContractChecked.TryReadFrom(bytes, out ContractChecked _);
                _ = ContractChecked.At(host, 0UL).TryGetIsSet(out bool _);
            },
        ];
        Assert.All(uses, Assert.NotNull);
    }

    [Fact]
    public void The_stack_the_handles_and_the_errors_are_there()
    {
        Action<HostSharedMemory, Socket>[] uses =
        [
            static (host, unused) =>
            {
                SharedStack stack = host.StackAt(0UL, 4096UL);
                stack.Reset();
                stack.Push([1]);
                _ = stack.TryPush([1]) | stack.TryPop(new byte[8], out int _) | stack.TryPop<int>(Parse, out int _);
                _ = stack.Pop().Length + stack.Pop(maxLength: 4096).Length + stack.Pop(element => element.Length) + stack.Pop(element => element.Length, 4096);
            },
            static (unused, socket) =>
            {
                SocketHandles.Send(socket, [1], []);
                _ = SocketHandles.Receive(socket, new byte[16], new SafeFileHandle?[4]);
            },
            static (host, unused) =>
            {
                SharedMemoryException[] errors =
                [
                    new SharedMemoryBoundsException(0, 1, 2), new SharedMemoryLockedException("held"), new SharedMemoryMapException("mmap", 12, "a page"),
                    new SharedMemoryFaultException(0, 1), new SharedMemoryException("message"),
                ];
                _ = (errors.Length, ((SharedMemoryBoundsException)errors[0]).MemorySize, ((SharedMemoryMapException)errors[2]).NativeErrorCode,
                    ((SharedMemoryFaultException)errors[3]).Offset, typeof(NotAllValidException), SharedStackError.BufferFull,
                    nameof(SharedStackException.Error));
            },
        ];
        Assert.All(uses, Assert.NotNull);

        static bool Parse(ReadOnlySpan<byte> element, out int value)
        {
            value = element.Length;
            return true;
        }
    }
}

[AllValid]
internal partial struct ContractWire
{
    public ulong Address;
    public uint Length;
    public ushort Flags;
    [BigEndian] public ushort Next;
}

[ValidateOnRead]
internal partial struct ContractChecked
{
    public uint Number;
    public bool IsSet;
}
