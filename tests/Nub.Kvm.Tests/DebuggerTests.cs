using System.Diagnostics;
using System.Reflection;
using System.Text.RegularExpressions;
using Nub.Memory;

namespace Nub.Kvm.Tests;

/// <summary>What a debugger shows: of a running guest as well, without waiting for it and without disturbing it.</summary>
public sealed partial class DebuggerTests
{
    private const BindingFlags Anything = BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic;

    [SkippableFact]
    public void A_processor_shows_its_registers_while_nobody_uses_it()
    {
        using var guest = new Guest(a => a.@out(0x10, Iced.Intel.AssemblerRegisters.al));
        Assert.Equal("processor 0, idle", Display(guest.Processor));
        Assert.Equal(VmExitReason.IoOut, guest.Processor.Run().Reason);
        Assert.Equal("processor 0, idle, last exit IoOut", Display(guest.Processor));
        Dictionary<string, object?> shown = Show(guest.Processor);
        Assert.Equal(guest.Processor.GetRegisters(), shown["Registers"]);
        Assert.Equal(guest.Processor.GetSpecialRegisters(), shown["SpecialRegisters"]);
        Assert.Equal(VmExitReason.IoOut, shown["LastExit"]);
        guest.Processor.Dispose();
        Assert.Equal("unknown: disposed", Show(guest.Processor)["Registers"]);
    }

    [SkippableFact]
    public void A_running_guest_is_neither_waited_for_nor_disturbed()
    {
        using var guest = new Guest(CancellationTests.Count);
        using var stop = new CancellationTokenSource();
        Runner runner = Runner.Start(guest, stop.Token);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > 0);
        Dictionary<string, object?> processor = [], machine = [];
        WithinTime(() =>
        {
            processor = Show(guest.Processor);
            machine = Show(guest.Machine);
            Assert.StartsWith("processor 0, thread ", Display(guest.Processor), StringComparison.Ordinal);
            Assert.Equal("virtual machine, 1 slots, 1 processors", Display(guest.Machine));
        });
        Assert.EndsWith("runs its guest", (string)processor["Registers"]!, StringComparison.Ordinal);
        Assert.Equal(1, machine["Running"]);
        Assert.Equal([guest.Slot], (MemorySlot[])machine["Slots"]!);
        Assert.Equal([guest.Processor], (VirtualProcessor[])machine["Processors"]!);

        // It runs on.
        ulong count = guest.Host.Read<ulong>(Guest.DataAddress);
        Patience.WaitUntil(() => guest.Host.Read<ulong>(Guest.DataAddress) > count);
        stop.Cancel();
        runner.Join();
        Assert.Equal(VmExitReason.Cancelled, runner.Reason);
    }

    [SkippableFact]
    public void A_thread_that_stands_inside_a_lock_is_not_waited_for()
    {
        using var guest = new Guest(a => a.nop());
        using var held = new ManualResetEventSlim();
        using var end = new ManualResetEventSlim();
        object memory = Field(guest.Machine, "_memory");
        Lock[] gates = [(Lock)Field(guest.Processor, "_gate"), (Lock)Field(guest.Machine, "_gate"), (Lock)Field(memory, "_gate")];
        var holder = new Thread(() =>
        {
            Array.ForEach(gates, gate => gate.Enter());
            held.Set();
            end.Wait();
            Array.ForEach(gates, gate => gate.Exit());
        });
        holder.Start();
        held.Wait();
        try
        {
            WithinTime(() =>
            {
                Assert.Contains("entering or leaving", (string)Show(guest.Processor)["Registers"]!, StringComparison.Ordinal);
                Assert.Null(Show(guest.Machine)["Slots"]);
                Assert.Null(Show(guest.Machine)["Processors"]);
                Assert.Equal(guest.Memory.Size, Show(guest.Slot)["Size"]);
                Assert.Equal("virtual machine, 1 slots, 1 processors", Display(guest.Machine));
            });
        }
        finally
        {
            end.Set();
            holder.Join();
        }
    }

    [SkippableFact]
    public void Slots_events_and_states_say_what_they_are()
    {
        using var guest = new Guest(a => a.nop(), flags: MemorySlotFlags.TrackDirtyPages);
        Assert.Equal("slot 0: 1048576 bytes at guest address 0x0, TrackDirtyPages", Display(guest.Slot));
        Assert.Equal("0x0 to 0xFFFFF", Show(guest.Slot)["GuestAddresses"]);
        Assert.True(((SharedMemory)Show(guest.Slot)["Memory"]!).IsSameMemory(guest.Memory));
        Assert.Equal("/dev/kvm, API version 12", Display(guest.System));
        using IoEvent writes = guest.Machine.CreateIoEvent(IoSpace.Port, 0x42, 1, 7);
        Assert.Equal("writes to port 0x42, 1 bytes, value 0x7", Display(writes));
        using CoalescedZone zone = guest.Machine.CoalesceWrites(IoSpace.Mmio, 0x10_0000, 64);
        Assert.Equal("64 bytes at address 0x100000", Display(zone));
        Assert.StartsWith("rip 0x1000, ", Display(guest.Processor.SaveState()), StringComparison.Ordinal);
        Assert.Equal("1 processors, 0 interrupt controllers", Display(guest.Machine.SaveState()));
        using MemorySnapshot snapshot = MemorySnapshot.Take(guest.Slot);
        Assert.Equal("snapshot of slot 0: 1048576 bytes at guest address 0x0, 0 pages told", Display(snapshot));
        Assert.Equal(VmExitReason.Cancelled, guest.Processor.Run(new CancellationToken(canceled: true)).Reason);
        var pages = new DirtyPageSet();
        guest.Slot.ReadDirtyPages(pages);
        Assert.Equal("0 of 256 pages", Display(pages));
        Assert.Empty((ulong[])Show(pages)["Pages"]!);
        guest.Slot.Dispose();
        Assert.EndsWith(", deleted", Display(guest.Slot), StringComparison.Ordinal);
        guest.Machine.Dispose();
        Assert.Equal("virtual machine, disposed", Display(guest.Machine));
        Assert.Empty((MemorySlot[])Show(guest.Machine)["Slots"]!);
    }

    [Fact]
    public void Each_public_type_says_what_it_is()
    {
        Type[] silent = [.. typeof(KvmSystem).Assembly.GetExportedTypes().Where(type =>
            !type.IsEnum && !type.IsNested && !(type.IsAbstract && type.IsSealed) && !type.IsAssignableTo(typeof(Exception))
            && type.GetCustomAttribute<DebuggerDisplayAttribute>() is null
            && type.GetMethod("ToString", Type.EmptyTypes)!.DeclaringType != type)];
        Assert.Empty(silent);
    }

    /// <summary>The attribute's text, with each expression in braces evaluated as a debugger would, by names of members.</summary>
    private static string Display(object value)
    {
        DebuggerDisplayAttribute attribute = Assert.IsType<DebuggerDisplayAttribute>(value.GetType().GetCustomAttribute<DebuggerDisplayAttribute>());
        return Expression().Replace(attribute.Value, match => match.Groups[1].Value.Split('.').Aggregate(
            (object?)value, (part, name) => part!.GetType().GetProperty(name, Anything)?.GetValue(part) ?? Field(part, name))?.ToString() ?? "");
    }

    /// <summary>The members of the attribute's proxy.</summary>
    private static Dictionary<string, object?> Show(object value)
    {
        DebuggerTypeProxyAttribute attribute = Assert.IsType<DebuggerTypeProxyAttribute>(value.GetType().GetCustomAttribute<DebuggerTypeProxyAttribute>());
        object proxy = Activator.CreateInstance(Type.GetType(attribute.ProxyTypeName)!, value)!;
        return proxy.GetType().GetProperties().ToDictionary(property => property.Name, property => property.GetValue(proxy));
    }

    private static object Field(object value, string name) => value.GetType().GetField(name, Anything)!.GetValue(value)!;

    /// <summary>Runs what must not wait, on a thread that may.</summary>
    private static void WithinTime(Action action)
    {
        Exception? thrown = null;
        var thread = new Thread(() => thrown = Record.Exception(action)) { IsBackground = true };
        thread.Start();
        Assert.True(thread.Join(Patience.Limit), "A debugger would wait.");
        Assert.Null(thrown);
    }

    [GeneratedRegex(@"\{(\w+(?:\.\w+)*)(?:,nq)?\}")]
    private static partial Regex Expression();
}
