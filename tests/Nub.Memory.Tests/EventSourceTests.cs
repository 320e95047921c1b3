using System.Diagnostics.Tracing;

namespace Nub.Memory.Tests;

[Collection(Alone.Name)]
public class EventSourceTests
{
    [Fact]
    public void Mappings_are_traced_when_made_and_when_released()
    {
        using var listener = new Listener();
        var memory = new ExclusiveSharedMemory(2 * Pair.Page);
        long address = memory.BaseAddress;
        Assert.Equal([address, 8192L, "Anonymous"], listener.Last("MappingCreated", address));
        Assert.Null(listener.Last("MappingReleased", address));
        memory.Dispose();
        Assert.Equal([address, 8192L], listener.Last("MappingReleased", address));
        listener.AssertNoErrors();
    }

    [Fact]
    public void Refused_accesses_locks_and_stack_errors_are_traced_with_their_numbers()
    {
        using var listener = new Listener();
        using var pair = new Pair();
        Assert.False(pair.Host.TryRead<int>(5000, out _));
        Assert.Equal(3, listener.Last("AccessRefused")!.Count);
        Assert.Equal(["5000", "4", "4096"], listener.Last("AccessRefused")!.Select(Text));
        Assert.Throws<SharedMemoryBoundsException>(() => pair.Host.Read<int>(6000));
        Assert.Equal("6000", Text(listener.Last("AccessRefused")![0]));
        Assert.False(pair.Host.TryFill(ulong.MaxValue, 1UL << 63, 0));
        Assert.Equal(["18446744073709551615", "9223372036854775808", "4096"], listener.Last("AccessRefused")!.Select(Text));
        pair.Host.WithExclusivity(_ => Assert.Throws<SharedMemoryLockedException>(() => pair.Host.Read<int>(0)));
        Assert.Equal("The memory is held exclusively: by another thread, or by the callback of WithExclusivity that this is called from.", listener.Last("LockRefused")![0]);
        SharedStack stack = pair.Host.StackAt(0, 64);
        pair.Host.Write(0, ulong.MaxValue);
        Assert.False(stack.TryPop(new byte[8], out _));
        Assert.Equal(["StackPointerOutOfBounds", "18446744073709551615", "16", "64", "64"], listener.Last("StackRefused")!.Select(Text));
        listener.AssertNoErrors();
    }

    [Fact]
    public void A_listener_may_use_the_memory_itself()
    {
        using var pair = new Pair();
        using var listener = new Listener();
        int seen = 0;
        listener.Written = name =>
        {
            if (name == "AccessRefused")
            {
                pair.Host.Write(0, 5);
                seen = pair.Host.Read<int>(0);
            }
        };
        Assert.False(pair.Host.TryRead<int>(ulong.MaxValue, out _));
        Assert.Equal(5, seen);
        pair.Host.Zero();
    }

    [Fact]
    public void The_manifest_is_sound() =>
        Assert.NotNull(EventSource.GenerateManifest(typeof(NubMemoryEventSource), "Nub.Memory.dll", EventManifestOptions.Strict | EventManifestOptions.AllCultures));

    private static string? Text(object? value) => Convert.ToString(value, System.Globalization.CultureInfo.InvariantCulture);

    internal sealed class Listener : EventListener
    {
        private readonly Lock _lock = new();
        private readonly List<(string Name, IReadOnlyList<object?> Payload)> _events = [];

        public Action<string>? Written { get; set; }

        public IReadOnlyList<object?>? Last(string name, long? first = null)
        {
            lock (_lock)
            {
                return _events.LastOrDefault(e => e.Name == name && (first is null || first.Equals(e.Payload[0]))).Payload;
            }
        }

        public void AssertNoErrors()
        {
            lock (_lock)
            {
                Assert.DoesNotContain(_events, e => e.Name is "EventSourceMessage" or "ReleaseFailed");
            }
        }

        protected override void OnEventSourceCreated(EventSource eventSource)
        {
            if (eventSource.Name == "Nub.Memory")
            {
                EnableEvents(eventSource, EventLevel.Verbose);
            }
        }

        protected override void OnEventWritten(EventWrittenEventArgs eventData)
        {
            lock (_lock)
            {
                _events.Add((eventData.EventName ?? "", eventData.Payload ?? (IReadOnlyList<object?>)[]));
            }

            Written?.Invoke(eventData.EventName ?? "");
        }
    }
}
