using System.Collections.Concurrent;
using Nub.Memory;

namespace Nub.Virtio.Tests.VhostUser;

/// <summary>A configuration of one number.</summary>
[AllValid]
internal partial struct OneNumber
{
    public ulong Value;
}

/// <summary>A device whose configuration changes.</summary>
internal sealed class ChangingDevice() : VirtioDevice<OneNumber>(new OneNumber())
{
    public override uint DeviceId => 42;

    public override int QueueCount => 1;

    public void Change(ulong value) => Configuration = new OneNumber { Value = value };

    public override void Process(int queueIndex, VirtQueue queue)
    {
    }
}

/// <summary>A device with a fault.</summary>
internal sealed class ThrowingDevice() : VirtioDevice<OneNumber>(new OneNumber())
{
    public override uint DeviceId => 42;

    public override int QueueCount => 1;

    public override void Process(int queueIndex, VirtQueue queue) => throw new NotImplementedException();
}

/// <summary>A block device that takes requests and, until it is told otherwise, answers none: as one that is killed.</summary>
internal sealed class HoldingDevice(BlockStorage storage) : VirtioDevice<BlockConfiguration>(new BlockConfiguration { Capacity = storage.Size / 512 })
{
    private readonly BlockDevice _inner = new(storage);

    /// <summary>How many requests were taken and kept.</summary>
    public int Held;

    /// <summary>One of so many that are taken is answered; 0 for none.</summary>
    public int Answered;

    public override uint DeviceId => 2;

    public override int QueueCount => 1;

    public override void Process(int queueIndex, VirtQueue queue)
    {
        int count = 0;
        while (queue.TryTake(out DescriptorChain chain))
        {
            if (Answered != 0 && ++count % Answered == 0)
            {
                _ = chain.Writable.TrySkip(chain.Writable.Remaining - 1) && chain.Writable.TryWrite((byte)0);
                queue.Return(chain);
            }
            else
            {
                Interlocked.Increment(ref Held);
            }
        }
    }
}

/// <summary>What a test's handler throws.</summary>
internal sealed class HandlerException(string message) : Exception(message);

/// <summary>A device that throws when its driver goes.</summary>
internal sealed class UnwillingDevice() : VirtioDevice<OneNumber>(new OneNumber())
{
    public override uint DeviceId => 42;

    public override int QueueCount => 1;

    public override void Process(int queueIndex, VirtQueue queue)
    {
    }

    public override void Reset() => throw new HandlerException("Reset");

    public void Work() => OnWorkArrived(0);
}

/// <summary>A device that leaves the driver's buffers where they are until it has something for them, as one that receives, and counts what it is asked.</summary>
internal sealed class CountingDevice() : VirtioDevice<OneNumber>(new OneNumber())
{
    private int _depth;

    /// <summary>How often it was told to look at a queue.</summary>
    public int Calls;

    /// <summary>How many buffers it is going to take.</summary>
    public int Takes;

    public int Activations { get; private set; }

    public int Resets { get; private set; }

    /// <summary>Whether it finds work while it works.</summary>
    public bool AsksAgain { get; set; }

    public override uint DeviceId => 42;

    public override int QueueCount => 1;

    public override void Activate(ulong negotiatedFeatures) => Activations++;

    public override void Reset() => Resets++;

    public void Ask() => OnWorkArrived(0);

    public override void Process(int queueIndex, VirtQueue queue)
    {
        Assert.Equal(1, ++_depth);
        int call = Interlocked.Increment(ref Calls);
        if (AsksAgain)
        {
            AsksAgain = false;
            OnWorkArrived(0);
            Assert.Equal(call, Calls);
        }
        else if (Takes > 0 && queue.TryTake(out DescriptorChain chain))
        {
            Takes--;
            queue.Return(chain, 0);
        }

        _depth--;
    }
}

/// <summary>A device that keeps what it has taken until it is told to give it back, in whatever order.</summary>
internal sealed class KeepingDevice() : VirtioDevice<OneNumber>(new OneNumber())
{
    private readonly List<DescriptorChain> _kept = [];
    private readonly ConcurrentQueue<int> _asked = new();

    /// <summary>How often something was taken.</summary>
    public int Taken;

    /// <summary>How often it was told to look at the queue.</summary>
    public int Calls;

    public override uint DeviceId => 42;

    public override int QueueCount => 1;

    /// <param name="number">What, in the order in which it was taken, from 0.</param>
    public void GiveBack(int number)
    {
        _asked.Enqueue(number);
        OnWorkArrived(0);
    }

    public override void Process(int queueIndex, VirtQueue queue)
    {
        Interlocked.Increment(ref Calls);
        while (queue.TryTake(out DescriptorChain chain))
        {
            _kept.Add(chain);
            Interlocked.Increment(ref Taken);
        }

        while (_asked.TryDequeue(out int number))
        {
            queue.Return(_kept[number], 0);
        }
    }
}

/// <summary>A device of two queues that answers each request and then calls a test.</summary>
internal sealed class CallingDevice(Action<int> answered) : VirtioDevice<OneNumber>(new OneNumber())
{
    private int _inside;

    /// <summary>How many queues were at work when it was reset, one reset after the other.</summary>
    public List<int> Resets { get; } = [];

    public int Activations { get; private set; }

    /// <summary>What it does when it is activated.</summary>
    public Action? Activated { get; set; }

    /// <summary>What it does when it is reset.</summary>
    public Action? Resetting { get; set; }

    /// <summary>What it does when it is asked what it is.</summary>
    public Action? Asked { get; set; }

    public override uint DeviceId => Answer(42u);

    public override int MaxQueueSize => Answer(base.MaxQueueSize);

    public override uint ConfigurationGeneration => Answer(base.ConfigurationGeneration);

    public override int QueueCount => 2;

    public void Ask(int queueIndex) => OnWorkArrived(queueIndex);

    public override void Activate(ulong negotiatedFeatures)
    {
        Activations++;
        Activated?.Invoke();
    }

    public override void Reset()
    {
        Resets.Add(Volatile.Read(ref _inside));
        Resetting?.Invoke();
    }

    private T Answer<T>(T answer)
    {
        Asked?.Invoke();
        return answer;
    }

    public override void Process(int queueIndex, VirtQueue queue)
    {
        Interlocked.Increment(ref _inside);
        while (queue.TryTake(out DescriptorChain chain))
        {
            queue.Return(chain, 0);
            answered(queueIndex);
        }

        Interlocked.Decrement(ref _inside);
    }
}
