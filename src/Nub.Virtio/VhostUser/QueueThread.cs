using System.Diagnostics;

namespace Nub.Virtio;

/// <summary>
/// The thread of one running queue: waits for a kick, lets the device process what is there, and signals the driver. Everything that is done with the
/// queue is done on it, until <see cref="Stop"/> returns; the queue takes nothing from then on until another thread has it.
/// </summary>
internal sealed class QueueThread : IDisposable
{
    private readonly VirtioDevice _device;
    private readonly int _index;
    private readonly VirtQueue _queue;
    private readonly bool _polls;
    private readonly Action<int, VirtQueueError, Exception?> _failed;
    private readonly EventFile _wake = new();
    private readonly EventSet _events = new();
    private readonly Thread _thread;
    private PollWindow _window;
    private volatile EventFile? _call;
    private volatile bool _stopping;
    private volatile bool _draining;

    /// <param name="device">The device.</param>
    /// <param name="index">The queue's index.</param>
    /// <param name="queue">The queue, which is this thread's from now on.</param>
    /// <param name="kick">What the driver signals; <see langword="null"/> where the queue is to be looked at again and again.</param>
    /// <param name="call">What is signalled for the driver, or <see langword="null"/>.</param>
    /// <param name="failed">Called on the thread when the driver broke a rule, or the device threw: the queue stands still from then on. It must not throw.</param>
    public QueueThread(VirtioDevice device, int index, VirtQueue queue, EventFile? kick, EventFile? call, Action<int, VirtQueueError, Exception?> failed)
    {
        _device = device;
        _index = index;
        _queue = queue;
        _polls = kick is null;
        _call = call;
        _failed = failed;
        _queue.Paused = false;
        _queue.NotifyBy(() => Notify(always: false));
        _queue.CountFor(device.DeviceId);
        try
        {
            _events.Add(_wake);
            if (kick is not null)
            {
                _events.Add(kick);
            }

            _thread = new Thread(Run) { IsBackground = true, Name = $"virtqueue {index}" };
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Lets the thread run.</summary>
    public void Start() => _thread.Start();

    /// <summary>Takes another event for the driver's, or none. The caller may dispose the old one afterwards.</summary>
    public void SetCall(EventFile? call)
    {
        // Without a lock: a front end can make a signal wait, and the thread that takes its next message must not wait for that.
        _call = call;
    }

    /// <summary>Has the device look at the queue, as after a kick.</summary>
    public void Wake() => _wake.Signal();

    /// <summary>Has the device take nothing more, and the thread end when everything is returned.</summary>
    public void BeginDrain()
    {
        _draining = true;
        _queue.Paused = true;
        _wake.Signal();
    }

    /// <summary>Waits until the thread has ended.</summary>
    /// <param name="patience">For how long.</param>
    /// <returns>Whether it has.</returns>
    public bool WaitForEnd(TimeSpan patience) => _thread.Join(patience);

    /// <summary>Has the thread end after the request that it is at.</summary>
    public void BeginStop()
    {
        _stopping = true;
        _queue.Paused = true;
        _wake.Signal();
    }

    /// <summary>Ends the thread after the request that it is at.</summary>
    /// <param name="patience">How long it is waited for.</param>
    /// <returns>Whether it ended: false where the device did not come back.</returns>
    public bool Stop(TimeSpan patience)
    {
        BeginStop();
        return WaitForEnd(patience);
    }

    public void Dispose()
    {
        _events.Dispose();
        _wake.Dispose();
    }

    private void Run()
    {
        Exception? thrown = null;
        try
        {
            // What was there before the thread, and what an earlier back end has not finished or not signalled.
            Notify(always: true);
            int idle = 0;
            while (!_stopping)
            {
                bool found = Serve();
                if (_queue.Error != VirtQueueError.None || (_draining && _queue.InFlight == 0))
                {
                    break;
                }

                if (_polls)
                {
                    idle = found ? 0 : Math.Min(idle + 1, 200);
                    _ = _events.Wait(idle < 200 ? 0 : 1);
                }
                else
                {
                    long asleep = Stopwatch.GetTimestamp();
                    _ = _events.Wait(-1);
                    _window.Adapt(asleep);
                }
            }
        }
        catch (Exception e)
        {
            // The device's own fault ends this queue and nothing else.
            QueueCounts.Throw();
            thrown = e;
        }

        // Outside of the try: what the handler throws must not be taken for the device's.
        if (thrown is not null || _queue.Error != VirtQueueError.None)
        {
            _failed(_index, _queue.Error, thrown);
        }
    }

    /// <summary>Lets the device process what is there, and what comes soon after. Kicks are off meanwhile.</summary>
    /// <returns>Whether anything was there.</returns>
    private bool Serve()
    {
        VirtQueuePosition before = _queue.Position;
        do
        {
            bool took;
            do
            {
                _queue.DisableKicks();
                took = Process();
            }
            while (took && !_stopping && _window.SeesMore(_queue));
        }
        while (!_stopping && _queue.EnableKicks() && Process());

        return _queue.Position != before;
    }

    /// <summary>Lets the device process what is there, once.</summary>
    /// <returns>Whether it took anything: buffers for what has not come yet stay where they are, and are no work.</returns>
    private bool Process()
    {
        bool took = _queue.ProcessBy(_device, _index);
        Notify(always: false);
        return took;
    }

    private void Notify(bool always)
    {
        if (always || _queue.ShouldNotify())
        {
            try
            {
                _call?.Signal();
            }
            catch (ObjectDisposedException)
            {
                // Another was taken just now, and is signalled when it is.
            }
        }
    }
}
