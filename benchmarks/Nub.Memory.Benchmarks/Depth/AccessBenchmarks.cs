using BenchmarkDotNet.Attributes;

namespace Nub.Memory.Benchmarks;

/// <summary>Single accesses in depth: distributions and allocations, as BenchmarkDotNet tells them.</summary>
[MemoryDiagnoser]
public class AccessBenchmarks : IDisposable
{
    private readonly byte[] _message = new byte[256];
    private HostSharedMemory _host = null!;
    private GuestSharedMemory _guest = null!;

    /// <summary>Makes the memory.</summary>
    [GlobalSetup]
    public void SetUp()
    {
        (_host, _guest) = new ExclusiveSharedMemory(1 << 20).Build();
        _host.StackAt(0x8000, 0x8000).Reset();
    }

    /// <summary>An aligned value.</summary>
    [Benchmark]
    public ulong Read() => _host.Read<ulong>(64);

    /// <summary>A value that is not aligned.</summary>
    [Benchmark]
    public ulong ReadMisaligned() => _host.Read<ulong>(61);

    /// <summary>A refused value, the way a guest causes it.</summary>
    [Benchmark]
    public bool TryReadRefused() => _host.TryRead(ulong.MaxValue, out ulong _);

    /// <summary>An aligned value, written.</summary>
    [Benchmark]
    public void Write() => _host.Write(64, 1UL);

    /// <summary>A small copy.</summary>
    [Benchmark]
    public void CopyTo256() => _host.CopyTo(64, _message);

    /// <summary>A message through the stack.</summary>
    [Benchmark]
    public int PushAndPop256()
    {
        SharedStack stack = _host.StackAt(0x8000, 0x8000);
        stack.Push(_message);
        return stack.Pop(_message);
    }

    /// <summary>A lease.</summary>
    [Benchmark]
    public void EnterAndLeave() => _host.Enter().Dispose();

    /// <inheritdoc/>
    [GlobalCleanup]
    public void Dispose()
    {
        _host.Dispose();
        _guest.Dispose();
        GC.SuppressFinalize(this);
    }
}
