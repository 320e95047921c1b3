using System.Collections.Concurrent;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Nub.Package.Tests.Editor;

/// <summary>An editor's side of the Language Server Protocol: starts a server, asks, and answers what the server asks.</summary>
internal sealed class LanguageServer : IDisposable
{
    private readonly Process _process;
    private readonly Func<string, JsonNode?> _settings;
    private readonly ConcurrentDictionary<int, TaskCompletionSource<JsonNode?>> _asked = new();
    private readonly ConcurrentQueue<string> _log = new();
    private readonly Lock _writing = new();
    private int _last;

    /// <param name="start">The server.</param>
    /// <param name="settings">What the editor's user has set, by section.</param>
    public LanguageServer(ProcessStartInfo start, Func<string, JsonNode?> settings)
    {
        _settings = settings;
        start.RedirectStandardInput = start.RedirectStandardOutput = start.RedirectStandardError = true;
        _process = Process.Start(start)!;
        _process.ErrorDataReceived += (_, line) => Note(line.Data);
        _process.BeginErrorReadLine();
        new Thread(Listen) { IsBackground = true, Name = "language server" }.Start();
    }

    /// <summary>The last that the server said of itself.</summary>
    public string Log => string.Join('\n', _log);

    /// <summary>What the server has used of the processors: what an answer costs, however busy the machine is.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>Asks, and waits for the answer.</summary>
    public async Task<JsonNode?> AskAsync(string method, JsonNode? parameters)
    {
        int id = Interlocked.Increment(ref _last);
        TaskCompletionSource<JsonNode?> answer = _asked[id] = new(TaskCreationOptions.RunContinuationsAsynchronously);
        Write(new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters });
        try
        {
            return await answer.Task.WaitAsync(Patience.ProgramLimit);
        }
        catch (TimeoutException e)
        {
            throw new TimeoutException($"No answer to {method}.\n{Log}", e);
        }
    }

    /// <summary>Says, without an answer.</summary>
    public void Tell(string method, JsonNode? parameters) => Write(new JsonObject { ["method"] = method, ["params"] = parameters });

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill(entireProcessTree: true);
        }

        _process.WaitForExit();
        _process.Dispose();
    }

    private void Write(JsonObject message)
    {
        message["jsonrpc"] = "2.0";
        byte[] content = JsonSerializer.SerializeToUtf8Bytes(message);
        lock (_writing)
        {
            Stream stream = _process.StandardInput.BaseStream;
            stream.Write(Encoding.ASCII.GetBytes($"Content-Length: {content.Length}\r\n\r\n"));
            stream.Write(content);
            stream.Flush();
        }
    }

    private void Listen()
    {
        try
        {
            while (Read() is { } message)
            {
                Handle(message);
            }

            End("The server has ended.");
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or JsonException)
        {
            End(e.Message);
        }
    }

    private void Handle(JsonNode message)
    {
        string? method = (string?)message["method"];
        if (method is null)
        {
            if (_asked.TryRemove((int)message["id"]!, out TaskCompletionSource<JsonNode?>? answer))
            {
                if (message["error"] is { } error)
                {
                    answer.SetException(new InvalidOperationException($"{error.ToJsonString()}\n{Log}"));
                }
                else
                {
                    answer.SetResult(message["result"]);
                }
            }

            return;
        }

        if (message["id"] is { } id)
        {
            JsonNode? result = method == "workspace/configuration"
                ? new JsonArray([.. message["params"]!["items"]!.AsArray().Select(item => _settings((string?)item!["section"] ?? ""))])
                : null;
            Write(new JsonObject { ["id"] = id.DeepClone(), ["result"] = result });
        }
        else if (method == "window/logMessage")
        {
            Note((string?)message["params"]!["message"]);
        }
    }

    private JsonNode? Read()
    {
        Stream stream = _process.StandardOutput.BaseStream;
        int length = -1;
        while (ReadLine(stream) is { } line)
        {
            if (line.Length == 0)
            {
                byte[] content = new byte[length];
                stream.ReadExactly(content);
                return JsonNode.Parse(content);
            }

            if (line.StartsWith("Content-Length:", StringComparison.OrdinalIgnoreCase))
            {
                length = int.Parse(line["Content-Length:".Length..], CultureInfo.InvariantCulture);
            }
        }

        return null;
    }

    private static string? ReadLine(Stream stream)
    {
        var line = new StringBuilder();
        for (int next = stream.ReadByte(); next != '\n'; next = stream.ReadByte())
        {
            if (next < 0)
            {
                return null;
            }

            line.Append((char)next);
        }

        return line.ToString().TrimEnd('\r');
    }

    private void Note(string? line)
    {
        if (line is null)
        {
            return;
        }

        _log.Enqueue(line);
        while (_log.Count > 100)
        {
            _log.TryDequeue(out _);
        }
    }

    private void End(string why)
    {
        foreach (TaskCompletionSource<JsonNode?> answer in _asked.Values)
        {
            answer.TrySetException(new InvalidOperationException($"{why}\n{Log}"));
        }
    }
}
