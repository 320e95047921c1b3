using System.Reflection;

namespace Nub.Memory.Tests;

public class LifecycleTests
{
    [Fact]
    public void Build_consumes_the_exclusive_memory()
    {
        var exclusive = new ExclusiveSharedMemory(Pair.Page);
        exclusive.CopyFrom(16, [1, 2, 3]);
        (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
        Assert.Equal(0x030201U, host.Read<uint>(16));
        AssertEveryMemberThrows(exclusive);
        exclusive.Dispose(); // a second end is no harm, and takes nothing from the two
        Assert.Equal(0x030201U, host.Read<uint>(16));
        host.Dispose();
        guest.Dispose();
    }

    [Fact]
    public void After_dispose_every_member_throws_even_while_a_clone_lives_on()
    {
        using var pair = new Pair();
        HostSharedMemory clone = pair.Host.Clone();
        SharedStack stack = clone.StackAt(0, 64);
        clone.Dispose();
        clone.Dispose();
        AssertEveryMemberThrows(clone);
        AssertHostMembersThrow(clone, stack);
        pair.Host.Write(0, 1);
        Assert.Equal(1, pair.Host.Read<int>(0));
    }

    [Fact]
    public void After_dispose_every_member_of_the_guest_and_of_read_only_memory_throws()
    {
        var pair = new Pair();
        pair.Guest.Dispose();
        AssertEveryMemberThrows(pair.Guest);
        pair.Dispose();
        var snapshot = ReadOnlySharedMemory.FromBytes([1]);
        snapshot.Dispose();
        AssertEveryMemberThrows(snapshot);
    }

    [Fact]
    public void A_disposed_exclusive_memory_throws_from_every_member()
    {
        var exclusive = new ExclusiveSharedMemory(Pair.Page);
        exclusive.Dispose();
        exclusive.Dispose();
        AssertEveryMemberThrows(exclusive);
    }

    [Fact]
    public void IsSameMemory_refuses_a_disposed_one_on_either_side()
    {
        using var pair = new Pair();
        HostSharedMemory clone = pair.Host.Clone();
        clone.Dispose();
        Assert.Throws<ObjectDisposedException>(() => pair.Host.IsSameMemory(clone));
        Assert.Throws<ObjectDisposedException>(() => clone.IsSameMemory(pair.Host));
    }

    [Fact]
    public void A_view_outlives_neither_its_memory_nor_a_callback_that_makes_it_exclusive()
    {
        using var pair = new Pair();
        HostSharedMemory clone = pair.Host.Clone();
        SharedView<ulong> view = SharedView.At<ulong>(clone, 8);
        view.Store(5);
        Assert.Equal(5UL, view.Load());
        clone.Dispose();
        bool threw = false;
        try
        {
            view.Load();
        }
        catch (ObjectDisposedException)
        {
            threw = true;
        }

        Assert.True(threw);
    }

    [Fact]
    public void Dispose_from_many_threads_gives_up_one_share()
    {
        for (int round = 0; round < 100; round++)
        {
            using var pair = new Pair();
            HostSharedMemory clone = pair.Host.Clone();
            Parallel.For(0, 4, _ => clone.Dispose());
            pair.Host.Write(0, 1); // the other shares stand
            pair.Guest.EnterGuest().Dispose();
        }
    }

    [Fact]
    public void Of_many_threads_that_build_one_succeeds()
    {
        for (int round = 0; round < 100; round++)
        {
            var exclusive = new ExclusiveSharedMemory(Pair.Page);
            int built = 0;
            Parallel.For(0, 4, _ =>
            {
                try
                {
                    (HostSharedMemory host, GuestSharedMemory guest) = exclusive.Build();
                    Interlocked.Increment(ref built);
                    host.Dispose();
                    guest.Dispose();
                }
                catch (ObjectDisposedException)
                {
                }
            });
            Assert.Equal(1, built);
        }
    }

    /// <summary>Calls every public instance member, with arguments that are right, and expects the refusal.</summary>
    private static void AssertEveryMemberThrows(SharedMemory memory)
    {
        int members = 0;
        foreach (MethodInfo declared in memory.GetType().GetMethods(BindingFlags.Public | BindingFlags.Instance))
        {
            if (declared.DeclaringType == typeof(object) || declared.Name is nameof(IDisposable.Dispose) or nameof(ToString) || HasSpan(declared))
            {
                continue;
            }

            MethodInfo method = declared.IsGenericMethodDefinition ? declared.MakeGenericMethod(typeof(int)) : declared;
            object?[] arguments = [.. method.GetParameters().Select(p => Argument(p.ParameterType))];
            TargetInvocationException thrown = Assert.Throws<TargetInvocationException>(() => method.Invoke(memory, arguments));
            Assert.True(thrown.InnerException is ObjectDisposedException, $"{method}: {thrown.InnerException}");
            members++;
        }

        Assert.True(members >= 8, $"{members} members");
    }

    private static bool HasSpan(MethodInfo method) =>
        method.ReturnType.IsByRefLike || method.GetParameters().Any(p => p.ParameterType.IsByRefLike)
        || method.Name is "TryReadValidated" or "WriteValidated" or "TryWriteValidated" or "At" or "TryAt";

    private static object? Argument(Type type)
    {
        type = type.IsByRef ? type.GetElementType()! : type;
        return type == typeof(MemoryRegionType) ? MemoryRegionType.Snapshot
            : type == typeof(MemoryRegionFlags) ? MemoryRegionFlags.Read
            : type == typeof(SharedMemory) || type == typeof(ReadOnlySharedMemory) ? s_other
            : type.IsValueType ? type == typeof(ulong) ? 16UL : Activator.CreateInstance(type)
            : type == typeof(Action<ExclusiveSharedMemory>) ? new Action<ExclusiveSharedMemory>(_ => { })
            : type == typeof(Func<ExclusiveSharedMemory, int>) ? new Func<ExclusiveSharedMemory, int>(_ => 0)
            : type == typeof(SharedMemoryContents<int>) ? new SharedMemoryContents<int>(_ => 0)
            : null;
    }

    private static readonly ReadOnlySharedMemory s_other = ReadOnlySharedMemory.FromBytes([1]);

    private static void AssertHostMembersThrow(HostSharedMemory memory, SharedStack stack)
    {
        foreach (Action member in (Action[])
        [
            () => memory.CopyTo(0, new byte[1]), () => memory.TryCopyTo(0, new byte[1]), () => memory.TryCopyTo(ulong.MaxValue, new byte[1]),
            () => memory.CopyFrom(0, new byte[1]), () => memory.TryCopyFrom(0, new byte[1]), () => memory.TryRead<int>(ulong.MaxValue, out _),
            () => memory.At<ContractWire.View>(0), () => memory.TryAt<ContractWire.View>(0, out _), () => memory.TryReadValidated(0, out ContractChecked _),
            () => memory.WriteValidated(0, new ContractChecked()), () => memory.TryWriteValidated(0, new ContractChecked()), () => memory.ReadArray(0, new int[1]),
            () => memory.TryWriteArray<int>(0, [1]),
            () => memory.Enter(), () => SharedView.At<int>(memory, 0), () => SharedArrayView.At<int>(memory, 0, 1),
            () => stack.Push([1]), () => stack.TryPush([1]), () => stack.Pop(), () => stack.TryPop(new byte[8], out _),
            () => stack.Pop(element => element.Length), () => stack.Reset(),
        ])
        {
            Assert.Throws<ObjectDisposedException>(member);
        }
    }
}
